import ClusterRuntime
import Foundation

/// A run's status as tables for people.
struct StatusText {
    let text: String

    init(_ status: RunStatus) {
        let snapshot = status.snapshot
        var lines = ["\(snapshot.name): \(snapshot.state)"]
        if !snapshot.message.isEmpty { lines.append(snapshot.message) }
        let alive =
            status.isCoordinatorAlive ? "running on \(snapshot.host), pid \(snapshot.pid)" : "not running"
        lines.append(
            "coordinator: \(alive); incarnation \(snapshot.epoch), "
                + "\(Self.megabytes(snapshot.peakResidentBytes)) MB, "
                + "as of \(Date(timeIntervalSince1970: snapshot.updated).formatted(.iso8601))")
        lines += ["", Self.stages(status)]
        if !snapshot.workers.isEmpty { lines += ["", Self.workers(status)] }
        let counters = Self.counters(status)
        if !counters.isEmpty { lines += ["", counters] }
        if !snapshot.firstFault.isEmpty {
            lines += ["", "first fault:", "  " + snapshot.firstFault]
            let later = snapshot.lastFaults.filter { $0 != snapshot.firstFault }
            if !later.isEmpty { lines += ["last faults:"] + later.map { "  " + $0 } }
        }
        text = lines.joined(separator: "\n")
    }

    private static func stages(_ status: RunStatus) -> String {
        let rows = status.snapshot.stages.map { stage in
            let isRunning = stage.state == "running"
            return [
                stage.name, stage.state == "cached" ? "already done" : stage.state,
                stage.total > 0 ? String(format: "%.0f/%.0f", stage.done, stage.total) : "",
                stage.rate > 0 ? String(format: "%.1f", stage.rate) : "",
                isRunning && stage.rate > 0 ? duration(stage.secondsLeft) : "",
                stage.seconds > 0 ? String(format: "%.1f", stage.seconds) : "",
                stage.bytes > 0 ? megabytes(stage.bytes) : "",
            ]
        }
        return table(["stage", "state", "done", "per s", "left", "seconds", "MB read"], rows)
    }

    private static func workers(_ status: RunStatus) -> String {
        let rows = status.snapshot.workers.map { worker in
            [
                worker.instance == "coordinator" ? "(coordinator)" : worker.instance, worker.host,
                "\(worker.pid)", worker.state, worker.work, "\(worker.committed)",
                megabytes(worker.peakResidentBytes), String(format: "%.1f", worker.cpuSeconds),
                worker.state == "ended" ? "" : String(format: "%.0f", worker.silentSeconds),
            ]
        }
        return table(
            ["worker", "host", "pid", "state", "work", "shards", "MB", "CPU s", "silent s"], rows)
    }

    /// What was repaired; empty if nothing had to be.
    private static func counters(_ status: RunStatus) -> String {
        let counters = status.snapshot.counters
        let all: [(UInt64, String)] = [
            (counters.workersLost, "workers lost"), (counters.workersRestarted, "restarted"),
            (counters.attemptsRepeated, "attempts repeated"),
            (counters.duplicateResults, "second results dropped"),
            (counters.generations, "training generations"),
        ]
        return all.filter { $0.0 > 0 }.map { "\($0.1): \($0.0)" }.joined(separator: ", ")
    }

    private static func megabytes(_ bytes: UInt64) -> String { String(format: "%.0f", Double(bytes) / 1e6) }

    /// Hours, minutes and seconds as far as they are needed.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e7 else { return "" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return String(format: "%d:%02d min", whole / 60, whole % 60) }
        return String(format: "%d:%02d h", whole / 3600, whole / 60 % 60)
    }

    /// Columns as wide as their widest cell; those of numbers stand to the right.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        return ([header] + rows).map { row in
            let cells = row.enumerated().map { column, cell in
                let isNumber = rows.allSatisfy { $0[column].isEmpty || $0[column].first?.isNumber == true }
                let room = String(repeating: " ", count: widths[column] - cell.count)
                return isNumber && column > 1 ? room + cell : cell + room
            }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

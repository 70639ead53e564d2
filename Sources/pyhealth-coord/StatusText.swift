import ClusterRuntime
import Foundation

/// A run's status as a table for people.
struct StatusText {
    let text: String

    init(_ status: RunStatus) {
        let snapshot = status.snapshot
        var lines = ["\(snapshot.name): \(snapshot.state)"]
        if !snapshot.message.isEmpty { lines.append(snapshot.message) }
        let alive =
            status.isCoordinatorAlive ? "running on \(snapshot.host), pid \(snapshot.pid)" : "not running"
        lines.append(
            "coordinator: \(alive); incarnation \(snapshot.epoch)"
                + String(format: ", %.0f MB", Double(snapshot.peakResidentBytes) / 1e6))
        lines.append("")
        lines.append("stage      done      seconds")
        for stage in snapshot.stages {
            let done = "\(Int(stage.done))/\(Int(stage.total))".padding(
                toLength: 10, withPad: " ", startingAt: 0)
            let name = stage.name.padding(toLength: 11, withPad: " ", startingAt: 0)
            lines.append(
                name + done
                    + (stage.state == "cached" ? "already done" : String(format: "%.1f", stage.seconds)))
        }
        lines.append("")
        for worker in snapshot.workers {
            lines.append(
                (worker.instance == "coordinator" ? "earlier coordinator" : "worker \(worker.instance)")
                    + " on \(worker.host), pid \(worker.pid): \(worker.state)"
                    + String(format: ", %.0f MB", Double(worker.peakResidentBytes) / 1e6))
        }
        if !snapshot.lastFaults.isEmpty { lines += ["", "last faults:"] + snapshot.lastFaults }
        text = lines.joined(separator: "\n")
    }
}

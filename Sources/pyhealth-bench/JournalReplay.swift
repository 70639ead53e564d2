import ArgumentParser
import ClusterRuntime
import Foundation

/// The time in which a coordinator that is started again reads what is committed.
struct JournalReplay {
    let folder: String
    let records: Int
    let runs: Int

    /// Seconds asked of a million records.
    private static let asked = 2.0

    func figures() throws -> [ClusterFigure] {
        let output = "\(folder)/journal"
        try? FileManager.default.removeItem(atPath: output)
        defer { try? FileManager.default.removeItem(atPath: output) }
        let bytes = try JournalProbe.write(records: records, in: output)
        let times = try (0..<runs).map { _ in
            let start = Date()
            let found = try JournalProbe.replay(output)
            guard found == records else {
                throw ValidationError("\(found) of \(records) commits were found.")
            }
            return Date().timeIntervalSince(start)
        }
        return [
            ClusterFigure("\(records) records: replay", "s", times, asked: Self.asked),
            ClusterFigure("\(records) records: journal", "MB", [Double(bytes) / 1e6]),
        ]
    }
}

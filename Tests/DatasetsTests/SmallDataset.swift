import Datasets
import Foundation
import Groundwork
import TestSupport

/// A data set of two tables and a joined one, written for a test.
struct SmallDataset {
    let folder: TemporaryFolder
    var definitionText = """
        version: "1"
        default_tables: [visits]
        tables:
          visits: {file_path: visits.csv, patient_id: pid, timestamp: start, attributes: [visit, kind]}
          codes:
            file_path: codes.csv
            patient_id: pid
            timestamp: stop
            attributes: [visit, code, note]
            join:
              - {file_path: visits.csv, on: visit, how: inner, columns: [stop]}
        """

    static let visits = """
        PID,visit,start,stop,kind
        2,20,2101-01-05 10:00:00,2101-01-07 10:00:00,"short, planned"
        10,11,2101-01-01 10:00:00,2101-01-03 10:00:00,
        10,12,,2101-02-03 10:00:00,long
        """
    static let codes = [
        "pid,visit,code,note", "10,11,0010,\"two", "lines\"", "10,11,00200,\"a \"\"word\"\"\"", "2,20,A,",
        "2,99,B,without partner",
    ].joined(separator: "\n")

    init(visits: String = Self.visits, codes: String = Self.codes) throws {
        folder = try TemporaryFolder("dataset")
        try write("visits.csv", visits)
        try write("codes.csv", codes)
    }

    /// Replaces a file.
    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
    }

    func definition() throws -> DatasetDefinition {
        try DatasetDefinition(ConfigurationNode.parse(definitionText, file: "own.yaml"), name: "own")
    }

    /// All events of both tables.
    func load(shardSize: Int = 1000, memoryBudget: Int = 16 << 20, pieceBytes: Int = 64 << 20) throws
        -> [LoadedEvents.ReadableEvent]
    {
        try LoadedEvents(
            definition(), tables: ["codes"], root: folder.path, shardSize: shardSize, pieceBytes: pieceBytes,
            memoryBudget: memoryBudget
        ).events
    }
}

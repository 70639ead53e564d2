import ClinicalData
import Groundwork

/// The inputs of the StageNet tasks while they are collected: codes per admission with hours since the admission before, and
/// laboratory vectors with hours.
struct StageNetHistory {
    private(set) var codes: [[Symbol?]] = []
    private(set) var labs: [[Double?]] = []
    private var codeTimes: [Double] = []
    private var labTimes: [Double] = []
    private var previous: Timestamp?
    /// Hours from the admission before the one that was added last to it; 0 for the first.
    private(set) var hours = 0.0

    /// The option `padding` of a run file, 0 without it; throws `ConfigurationError`.
    static func padding(_ node: ConfigurationNode) throws -> Int {
        try node.child("padding")?.int(in: 0...100_000) ?? 0
    }

    /// The fields that ``inputs`` fills.
    static func schema(padding: Int) -> [FieldSchema] {
        [
            FieldSchema("icd_codes", "stagenet", ["padding": .integer(padding)]),
            FieldSchema("labs", "stagenet_tensor"),
        ]
    }

    /// Adds an admission; one without codes gives no entry.
    mutating func add(codes own: [Symbol], at admitted: Timestamp) {
        hours = previous.map { admitted.hours(since: $0) } ?? 0
        previous = admitted
        guard !own.isEmpty else { return }
        codes.append(own)
        codeTimes.append(hours)
    }

    /// Adds a laboratory vector.
    mutating func add(labs vector: [Double?], hours: Double) {
        labs.append(vector)
        labTimes.append(hours)
    }

    /// The values of the fields.
    var inputs: [FieldValue] {
        [.timed(codeTimes, .nestedCodes(codes)), .timed(labTimes, .nestedNumbers(labs))]
    }
}

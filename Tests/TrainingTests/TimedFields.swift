import Batching
import ClinicalData
import Groundwork
import Processors
import Storage
import TestSupport

/// Made-up samples of a patient's stay: codes with times, laboratory rows with times, vital signs in time, and a label that depends
/// on them; fitted, encoded and stored in two files.
struct TimedFields {
    let folder: TemporaryFolder
    let samples: SampleSet
    let schema: ModelSchema
    static let count = 30
    static let inputs = [
        FieldSchema("codes", "stagenet"), FieldSchema("visits", "stagenet", ["padding": 1]),
        FieldSchema("labs", "stagenet_tensor"), FieldSchema("vitals", "timeseries"),
        FieldSchema("doses", "temporal_timeseries", ["sampling_rate": 7200, "impute_strategy": "zero"]),
        FieldSchema("scores", "nested_sequence_floats"), FieldSchema("kinds", "nested_multihot"),
    ]

    init(seed: UInt64) throws {
        folder = try TemporaryFolder("timed")
        let raw = Self.raw(seed)
        var processors = try FittedProcessors(inputs: Self.inputs, outputs: [FieldSchema("label", "binary")])
        try processors.fit(raw, selecting: nil)
        try processors.finishFit()
        schema = try ModelSchema(processors)
        var paths: [String] = []
        for rows in [0..<17, 17..<Self.count] {
            paths.append(folder.file("part-\(paths.count).h5"))
            try SampleFile.write(
                columns: processors.encode(raw, rows: rows), patientIDs: Array(raw.patientIDs[rows]),
                visitIDs: Array(raw.visitIDs[rows]), split: rows.map { $0 % 5 == 4 ? 1 : 0 },
                to: paths[paths.count - 1])
        }
        samples = try SampleSet(paths: paths)
    }

    private static func raw(_ seed: UInt64) -> SampleColumns {
        var random = RandomStream(seed: seed, purpose: .test)
        var columns = (inputs.map(\.name)).map { Column(name: $0) }
        var labels: [Int64] = []
        for _ in 0..<count {
            let entries = random.nextInt(below: 5)
            columns[0].add(entries, timed: entries != 2) { _ in [Double(random.nextInt(below: 9))] }
            // Some visits are empty, those at the end too.
            columns[1].add(entries, timed: true) { _ in
                (0..<random.nextInt(below: 4)).map { _ in Double(random.nextInt(below: 9)) }
            }
            columns[2].add(entries, timed: true) { _ in
                (0..<3).map { _ in
                    random.nextInt(below: 3) == 0 ? FieldColumn.missingNumber : Double(random.nextFloat())
                }
            }
            for place in 3...4 {
                columns[place].add(1 + entries, timed: true) { _ in [Double(random.nextFloat()), .nan] }
            }
            columns[5].add(entries) { _ in
                (0..<random.nextInt(below: 4)).map { _ in Double(random.nextFloat()) }
            }
            columns[6].add(entries) { _ in (0..<random.nextInt(below: 3)).map { Double($0) } }
            labels.append(entries > 2 ? 1 : 0)
        }
        let ids = (0..<count).map { "p\($0)" }
        let isCodes = [true, true, false, false, false, false, true]
        var fields = zip(columns, isCodes).map { $0.field(asCodes: $1) }
        fields[0].offsets.removeLast()
        for place in [5, 6] { fields[place].times = nil }
        return SampleColumns(
            patientIDs: ids, visitIDs: ids,
            fields: fields + [FieldColumn(name: "label", offsets: [], leaves: .integers(labels))])
    }

    /// Lists of lists with times, as they grow.
    private struct Column {
        let name: String
        var outer = [0]
        var inner = [0]
        var leaves: [Double] = []
        var times = FieldColumn.Times(offsets: [0], values: [])

        mutating func add(_ entries: Int, timed: Bool = false, _ list: (Int) -> [Double]) {
            for entry in 0..<entries {
                leaves += list(entry)
                inner.append(leaves.count)
                if timed { times.values.append(Double(entry) * 2_000_000) }
            }
            outer.append(inner.count - 1)
            times.offsets.append(times.values.count)
        }

        func field(asCodes: Bool) -> FieldColumn {
            FieldColumn(
                name: name, offsets: [outer, inner],
                leaves: asCodes
                    ? .symbols(leaves.map { UInt32($0) }, dictionary: (0..<9).map { "c\($0)" })
                    : .numbers(leaves),
                times: times)
        }
    }
}

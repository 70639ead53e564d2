import ClinicalData
import Foundation
import Groundwork
import Storage

/// Random content of every kind of file; equal seeds give equal content.
struct StoredCases {
    private var random: RandomStream

    init(seed: UInt64) { random = RandomStream(seed: seed, purpose: .test) }

    /// Ragged offsets over `items` items with up to `longest` each.
    private mutating func offsets(_ items: Int, longest: Int) -> [Int] {
        var offsets = [0]
        for _ in 0..<items { offsets.append(offsets[offsets.count - 1] + random.nextInt(below: longest + 1)) }
        return offsets
    }

    private mutating func texts(_ count: Int) -> [String] {
        (0..<count).map { _ in
            let kinds = ["", "401.9", "é-ü", "a longer text with blanks", "患者"]
            return kinds[random.nextInt(below: kinds.count)] + "\(random.nextInt(below: 1000))"
        }
    }

    mutating func rawSamples(_ count: Int) -> SampleColumns {
        let visits = offsets(count, longest: 3)
        let codes = offsets(visits[count], longest: 4)
        let dictionary = Array(Set(texts(20))).sorted()
        let symbols = (0..<codes[visits[count]]).map { _ in
            random.nextInt(below: 10) == 0
                ? EventTable.missingSymbol : UInt32(random.nextInt(below: dictionary.count))
        }
        let numbers = offsets(count, longest: 2)
        return SampleColumns(
            patientIDs: texts(count), visitIDs: (0..<count).map { _ in "" },
            fields: [
                FieldColumn(
                    name: "conditions", offsets: [visits, codes],
                    leaves: .symbols(symbols, dictionary: dictionary)),
                FieldColumn(
                    name: "labs", offsets: [numbers],
                    leaves: .numbers((0..<numbers[count]).map { _ in random.nextDouble() })),
                FieldColumn(
                    name: "mortality", offsets: [],
                    leaves: .integers((0..<count).map { _ in Int64(random.nextInt(below: 2)) })),
            ])
    }

    /// One column per kind of field: two, one and no level, whole numbers, numbers and texts.
    mutating func encodedColumns(_ count: Int) -> [EncodedColumn] {
        let visits = offsets(count, longest: 3)
        let codes = offsets(visits[count], longest: 5)
        let steps = offsets(count, longest: 4)
        return [
            column(
                "conditions", "nested_sequence", [visits, codes], [],
                .int32((0..<codes[visits[count]]).map { _ in Int32(random.nextInt(below: 100)) }), count),
            column(
                "drugs", "sequence", [steps], [],
                .int32((0..<steps[count]).map { _ in Int32(random.nextInt(below: 100)) }), count),
            column(
                "vitals", "timeseries", [steps], [2],
                .float32((0..<(2 * steps[count])).map { _ in random.nextFloat() }), count),
            column("note", "text", [], [], .text(texts(count)), count),
            column(
                "mortality", "binary", [], [1],
                .float32((0..<count).map { _ in Float(random.nextInt(below: 2)) }), count),
        ]
    }

    private func column(
        _ name: String, _ processor: String, _ offsets: [[Int]], _ shape: [Int],
        _ values: EncodedColumn.Values, _ count: Int
    ) -> EncodedColumn {
        EncodedColumn(
            name: name, processor: processor, offsets: offsets.map { $0.map { Int64($0) } }, shape: shape,
            values: values, sampleCount: count)
    }

    /// Sample files of the given sizes in `folder`, with what they hold.
    mutating func sampleFiles(_ sizes: [Int], in folder: String) throws -> (
        paths: [String], parts: [[EncodedColumn]], patients: [String], split: [Int32]
    ) {
        var result: (paths: [String], parts: [[EncodedColumn]], patients: [String], split: [Int32])
        result = ([], [], [], [])
        for (index, size) in sizes.enumerated() {
            let columns = encodedColumns(size)
            let patients = texts(size)
            let split = (0..<size).map { _ in Int32(random.nextInt(below: 3)) }
            let path = "\(folder)/part-\(index).h5"
            try SampleFile.write(
                columns: columns, patientIDs: patients, visitIDs: patients.map { "v" + $0 }, split: split,
                to: path)
            result.paths.append(path)
            result.parts.append(columns)
            result.patients += patients
            result.split += split
        }
        return result
    }

    mutating func checkpoint() -> CheckpointFile {
        func array(_ name: String, _ shape: [Int]) -> CheckpointFile.Array {
            .init(
                name: name, shape: shape,
                values: (0..<shape.reduce(1, *)).map { _ in random.nextFloat() - 0.5 })
        }
        let names: [(String, [Int])] = [
            ("rnn.conditions.rnn.weight_ih_l0", [6, 2]), ("embedding.weight", [5, 2]), ("fc.bias", [1]),
        ]
        return CheckpointFile(
            state: names.map { array($0.0, $0.1) },
            optimizer: ["exp_avg", "exp_avg_sq"].map { slot in (slot, names.map { array($0.0, $0.1) }) },
            steps: [3, 3, 2], counters: [("epoch", 2), ("seed", -7)],
            texts: [("configuration", "abc"), ("history", #"{"rows":[]}"#)])
    }

    mutating func predictions(_ count: Int) -> PredictionFile {
        PredictionFile(
            mode: "multiclass", samples: (0..<count).map { Int64($0 * 2) }, patientIDs: texts(count),
            visitIDs: texts(count), truth: (0..<count).map { _ in Float(random.nextInt(below: 3)) },
            probabilities: (0..<(3 * count)).map { _ in random.nextFloat() },
            logits: (0..<(3 * count)).map { _ in random.nextFloat() },
            losses: (0..<count).map { _ in random.nextFloat() })
    }

    mutating func events(patients count: Int) -> EventShard {
        let symbols = SymbolTable()
        let patients = (0..<count).map { symbols.intern("p\($0)") }
        for text in texts(30) { _ = symbols.intern(text) }
        var tables: [EventTable] = []
        var starts: [[Int]] = []
        for (name, attributes) in [("admissions", ["hadm_id", "ratio, a/b"]), ("empty", [])] {
            let rows = name == "empty" ? [Int](repeating: 0, count: count + 1) : offsets(count, longest: 4)
            let total = rows[count]
            tables.append(
                EventTable(
                    name: name, attributes: attributes,
                    times: (0..<total).map { _ in
                        random.nextInt(below: 5) == 0
                            ? Timestamp.missing : Int64(random.nextInt(below: 1 << 40))
                    },
                    columns: attributes.map { _ in
                        (0..<total).map { _ in
                            random.nextInt(below: 5) == 0
                                ? EventTable.missingSymbol : UInt32(random.nextInt(below: symbols.count))
                        }
                    }))
            starts.append(rows)
        }
        return EventShard(symbols: symbols, tables: tables, patientIDs: patients, rowStarts: starts)
    }
}

/// What a shard of events holds, comparable.
func contents(_ shard: EventShard) -> [String] {
    var lines = shard.patientIDs.map { shard.symbols[$0] }
    for (table, starts) in zip(shard.tables, shard.rowStarts) {
        lines.append("\(table.name) \(table.attributes) \(starts) \(table.times)")
        for column in table.columns {
            lines += column.map {
                $0 == EventTable.missingSymbol ? "null" : shard.symbols[Symbol(index: $0)]
            }
        }
    }
    return lines
}

/// The bytes of a file.
func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

package import ClinicalData
import HDF5

/// Raw samples of one shard in one HDF5 file, before their processors saw them.
///
/// Few datasets, because HDF5 takes longer for one than for the values of a small shard. Layout: `/text_bytes` u8 and
/// `/text_offsets` i64, all texts: the patient ids, the visit ids, then the dictionary of every field; `/offsets` i64: of
/// every field its levels, outermost first, then those of its times; `/symbols` u32, `/integers` i64 and `/numbers` f64:
/// the values of the fields of this kind, with a field's times behind its values. A dataset that would be empty is left
/// out. Root attributes `samples`, and `fields`, a JSON list of how much of each belongs to a field (``Part``).
package enum RawSampleFile {
    private static let format = "pyhealth-raw-samples-2"

    /// What belongs to one field.
    fileprivate struct Part: Codable {
        enum Kind: String, Codable { case symbols, numbers, integers }

        let name: String
        /// The number of offsets of every level.
        let levels: [UInt32]
        let kind: Kind
        let values: UInt32
        /// Texts in the dictionary.
        let texts: UInt32
        /// The number of times; nil for a field without.
        let times: UInt32?
    }

    /// Writes the samples to a new file; throws `HDF5Error`.
    package static func write(_ samples: SampleColumns, to path: String) throws {
        var all = Contents()
        all.texts = samples.patientIDs[...] + samples.visitIDs
        let parts = samples.fields.map { all.append($0) }
        let out = try CheckedFile.create(path, format: format)
        try out.setNames(parts, as: "fields")
        try out.file.setAttribute("samples", .integer(Int64(samples.count)))
        try all.write(to: out)
        try out.file.close()
    }

    /// Reads the samples; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String) throws -> SampleColumns {
        let input = try CheckedFile.open(path, format: format)
        let parts = try input.names("fields", as: [Part].self)
        let samples = try input.count("samples")
        var rest = try Contents(input, parts, samples: samples)
        let (patients, visits) = (rest.texts.take(samples), rest.texts.take(samples))
        return SampleColumns(
            patientIDs: patients, visitIDs: visits,
            fields: try parts.map { try rest.take($0, from: input, samples: samples) })
    }

    /// The patient of every sample; throws as ``read(_:)``.
    package static func readPatients(_ path: String) throws -> [String] {
        let input = try CheckedFile.open(path, format: format)
        return Array(try Contents.texts(input, first: try input.count("samples")))
    }

    /// The datasets of a file; reading takes field after field off.
    fileprivate struct Contents {
        var texts: ArraySlice<String> = []
        var offsets: ArraySlice<Int64> = []
        var symbols: ArraySlice<UInt32> = []
        var integers: ArraySlice<Int64> = []
        var numbers: ArraySlice<Double> = []
    }
}

// Writing.
extension RawSampleFile.Contents {
    fileprivate mutating func append(_ field: FieldColumn) -> RawSampleFile.Part {
        for level in field.offsets { offsets += level.map { Int64($0) } }
        var (kind, values, dictionary) = (RawSampleFile.Part.Kind.symbols, 0, [String]())
        switch field.leaves {
        case .symbols(let list, let texts):
            (values, dictionary) = (list.count, texts)
            symbols += list
        case .numbers(let list):
            (kind, values) = (.numbers, list.count)
            numbers += list
        case .integers(let list):
            (kind, values) = (.integers, list.count)
            integers += list
        }
        texts += dictionary
        if let times = field.times {
            offsets += times.offsets.map { Int64($0) }
            numbers += times.values
        }
        return RawSampleFile.Part(
            name: field.name, levels: field.offsets.map { UInt32($0.count) }, kind: kind,
            values: UInt32(values), texts: UInt32(dictionary.count),
            times: (field.times?.values.count).map { UInt32($0) })
    }

    fileprivate func write(to out: CheckedFile) throws {
        var bytes: [UInt8] = []
        var ends: [Int64] = [0]
        for text in texts {
            bytes.append(contentsOf: text.utf8)
            ends.append(Int64(bytes.count))
        }
        try out.write(bytes, to: "text_bytes")
        try out.write(ends, to: "text_offsets")
        if !offsets.isEmpty { try out.write(Array(offsets), to: "offsets") }
        if !symbols.isEmpty { try out.write(Array(symbols), to: "symbols") }
        if !integers.isEmpty { try out.write(Array(integers), to: "integers") }
        if !numbers.isEmpty { try out.write(Array(numbers), to: "numbers") }
    }
}

// Reading.
extension RawSampleFile.Contents {
    /// Reads everything; throws unless there is as much as the parts take.
    fileprivate init(_ input: CheckedFile, _ parts: [RawSampleFile.Part], samples: Int) throws {
        func total(_ kind: RawSampleFile.Part.Kind) -> Int {
            parts.reduce(0) { $0 + ($1.kind == kind ? Int($1.values) : 0) }
        }
        func read<Element: HDF5Element>(_ dataset: String, _ count: Int) throws -> ArraySlice<Element> {
            guard count > 0 else { return [] }
            let values = try input.read(dataset, as: Element.self)
            try input.require(values.count == count, "\(dataset) has not what the fields take")
            return values[...]
        }
        texts = try Self.texts(input, first: parts.reduce(2 * samples) { $0 + Int($1.texts) })
        offsets = try read(
            "offsets",
            parts.reduce(0) { $1.levels.reduce($0 + ($1.times == nil ? 0 : samples + 1)) { $0 + Int($1) } })
        symbols = try read("symbols", total(.symbols))
        integers = try read("integers", total(.integers))
        numbers = try read("numbers", parts.reduce(total(.numbers)) { $0 + Int($1.times ?? 0) })
    }

    /// The first texts of a file.
    fileprivate static func texts(_ input: CheckedFile, first count: Int) throws -> ArraySlice<String> {
        let bytes = try input.read("text_bytes", as: UInt8.self)
        let ends = try input.read("text_offsets", as: Int64.self)
        return try bytes.withUnsafeBufferPointer { bytes in
            try ends.withUnsafeBufferPointer { ends in
                try input.require(
                    count < ends.count && areOffsets(ends, items: ends.count - 1)
                        && ends.last == Int64(bytes.count), "the offsets of the texts do not fit")
                return (0..<count).map {
                    String(
                        decoding: UnsafeBufferPointer(rebasing: bytes[Int(ends[$0])..<Int(ends[$0 + 1])]),
                        as: UTF8.self)
                }[...]
            }
        }
    }

    fileprivate mutating func take(
        _ part: RawSampleFile.Part, from input: CheckedFile, samples: Int
    ) throws -> FieldColumn {
        var items = samples
        let levels = try part.levels.map { count in
            let level = try take(offsets: Int(count), items: items, of: part, input)
            items = level[items]
            return level
        }
        try input.require(Int(part.values) == items, "the values of field \(part.name) do not fit")
        let leaves: FieldColumn.Leaves
        switch part.kind {
        case .symbols:
            let list = symbols.take(items)
            try input.require(
                list.allSatisfy { $0 < part.texts || $0 == EventTable.missingSymbol },
                "the symbols of field \(part.name) exceed its dictionary")
            leaves = .symbols(list, dictionary: texts.take(Int(part.texts)))
        case .numbers: leaves = .numbers(numbers.take(items))
        case .integers: leaves = .integers(integers.take(items))
        }
        return FieldColumn(
            name: part.name, offsets: levels, leaves: leaves,
            times: try part.times.map { count in
                let ends = try take(offsets: samples + 1, items: samples, of: part, input)
                try input.require(ends[samples] == Int(count), "the times of field \(part.name) do not fit")
                return FieldColumn.Times(offsets: ends, values: numbers.take(Int(count)))
            })
    }

    /// Offsets that delimit the parts of `items` items.
    private mutating func take(
        offsets count: Int, items: Int, of part: RawSampleFile.Part, _ input: CheckedFile
    ) throws -> [Int] {
        let taken = offsets.take(count)
        try input.require(
            taken.withUnsafeBufferPointer { areOffsets($0, items: items) },
            "the offsets of field \(part.name) do not fit")
        return taken.map { Int($0) }
    }
}

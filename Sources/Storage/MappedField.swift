import ClinicalData
import HDF5

/// One field of one sample file.
struct MappedField {
    private enum Source {
        case int32(MappedValues<Int32>)
        case float32(MappedValues<Float>)
        case text(StoredTexts)

        var count: Int {
            switch self {
            case .int32(let mapped): mapped.values.count
            case .float32(let mapped): mapped.values.count
            case .text(let stored): stored.count
            }
        }
    }

    private let name: String
    private let processor: String
    private let levels: [MappedValues<Int64>]
    private let shape: [Int]
    private let width: Int
    private let source: Source

    /// Opens a field and checks that its offsets and values fit each other; throws `HDF5Error`, ``StorageError``.
    init(_ name: String, _ input: CheckedFile, _ map: FileMap, samples: Int) throws {
        self.name = name
        processor = try input.file.textAttribute("processor", of: name)
        shape = try input.file.textAttribute("shape", of: name).split(separator: ",").compactMap { Int($0) }
        width = shape.reduce(1, *)
        var levels: [MappedValues<Int64>] = []
        var items = samples
        while input.file.contains("\(name)/\(SampleFile.offsetsName(levels.count))") {
            let level = try MappedValues<Int64>(
                "\(name)/\(SampleFile.offsetsName(levels.count))", of: input, in: map)
            try input.require(
                areOffsets(level.values, items: items), "the offsets of field \(name) do not fit")
            items = Int(level.values[items])
            levels.append(level)
        }
        self.levels = levels
        source = try Self.source("\(name)/values", input, map)
        let (values, overflow) = items.multipliedReportingOverflow(by: width)
        try input.require(
            !overflow && width >= 0 && source.count == values, "the values of field \(name) do not fit")
    }

    private static func source(_ dataset: String, _ input: CheckedFile, _ map: FileMap) throws -> Source {
        let info = try input.file.info(of: dataset)
        switch info.type {
        case .integer: return .int32(try MappedValues(dataset, of: input, in: map))
        case .float: return .float32(try MappedValues(dataset, of: input, in: map))
        case .text, .other:
            return .text(StoredTexts(path: input.file.path, dataset: dataset, count: info.count))
        }
    }

    /// A column of this field's kind without samples.
    var emptyColumn: EncodedColumn {
        let values: EncodedColumn.Values
        switch source {
        case .int32: values = .int32([])
        case .float32: values = .float32([])
        case .text: values = .text([])
        }
        return EncodedColumn(
            name: name, processor: processor, offsets: levels.map { _ in [0] }, shape: shape, values: values,
            sampleCount: 0)
    }

    /// The positions of one sample's values.
    func values(of sample: Int) -> Range<Int> {
        var range = sample..<(sample + 1)
        for mapped in levels {
            range = Int(mapped.values[range.lowerBound])..<Int(mapped.values[range.upperBound])
        }
        return (range.lowerBound * width)..<(range.upperBound * width)
    }

    /// Appends one sample's offsets to `offsets`; gives the positions of its values.
    func appendOffsets(of sample: Int, to offsets: inout [[Int64]]) -> Range<Int> {
        var range = sample..<(sample + 1)
        for (level, mapped) in levels.enumerated() {
            let own = mapped.values
            let shift = (offsets[level].last ?? 0) - own[range.lowerBound]
            for item in range { offsets[level].append(own[item + 1] + shift) }
            range = Int(own[range.lowerBound])..<Int(own[range.upperBound])
        }
        return (range.lowerBound * width)..<(range.upperBound * width)
    }

    /// Appends values to a column that was made by ``emptyColumn``.
    func appendValues(_ range: Range<Int>, to values: inout [Int32]) {
        guard case .int32(let mapped) = source else { return }
        values.append(contentsOf: UnsafeBufferPointer(rebasing: mapped.values[range]))
    }

    /// As above.
    func appendValues(_ range: Range<Int>, to values: inout [Float]) {
        guard case .float32(let mapped) = source else { return }
        values.append(contentsOf: UnsafeBufferPointer(rebasing: mapped.values[range]))
    }

    /// As above; reads the file's texts the first time. Throws `HDF5Error`, ``StorageError``.
    func appendValues(_ range: Range<Int>, to values: inout [String]) throws {
        guard case .text(let stored) = source else { return }
        values.append(contentsOf: try stored.texts()[range])
    }
}

/// The texts of a field, which no model reads: in memory from the first use on only.
private final class StoredTexts {
    let count: Int
    private let path: String
    private let dataset: String
    private var loaded: [String]?

    init(path: String, dataset: String, count: Int) {
        (self.path, self.dataset, self.count) = (path, dataset, count)
    }

    func texts() throws -> [String] {
        if let loaded { return loaded }
        let input = try CheckedFile.open(path, format: SampleFile.format)
        let texts = try input.readText(dataset)
        try input.require(texts.count == count, "the texts of \(dataset) were changed")
        loaded = texts
        return texts
    }
}

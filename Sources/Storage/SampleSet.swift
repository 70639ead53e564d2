package import ClinicalData
import Groundwork

/// All sample files of a run, read by global sample number; numbers stay in the memory-mapped files.
package final class SampleSet {
    /// One file.
    private struct Part {
        let path: String
        let firstSample: Int
        let count: Int
        let map: FileMap
        let fields: [MappedField]
    }

    /// The number of samples.
    package let count: Int
    /// The fields in schema order.
    package let fields: [String]
    /// The part of the split per sample: 0 train, 1 val, 2 test.
    package let split: [Int32]
    private let parts: [Part]
    private var samplesSinceRelease = 0

    /// Opens the files in order and checks the checksum of every dataset but texts, which are read and checked when they are
    /// asked for; throws `HDF5Error`, `FileError`, ``StorageError``.
    package init(paths: [String]) throws {
        var parts: [Part] = []
        var split: [Int32] = []
        var names: [String] = []
        for path in paths {
            let input = try CheckedFile.open(path, format: SampleFile.format)
            let samples = try input.count("samples")
            let own = try input.names("fields")
            try input.require(parts.isEmpty || own == names, "it has other fields than the files before it")
            names = own
            let map = try FileMap(path)
            parts.append(
                Part(
                    path: path, firstSample: split.count, count: samples, map: map,
                    fields: try names.map { try MappedField($0, input, map, samples: samples) }))
            let codes = try input.read("split", as: Int32.self)
            try input.require(codes.count == samples, "the split does not cover all samples")
            split += codes
        }
        self.parts = parts
        self.split = split
        fields = names
        count = split.count
    }

    /// The given samples of a field, in the given order; throws ``StorageError`` for an unknown field.
    ///
    /// Sample numbers are within `0..<count`.
    package func column(_ field: String, samples: [Int]) throws -> EncodedColumn {
        let index = try index(of: field)
        guard let first = parts.first else { throw unknown(field) }
        var column = first.fields[index].emptyColumn
        var ranges: [(field: MappedField, values: Range<Int>)] = []
        ranges.reserveCapacity(samples.count)
        for sample in samples {
            let part = parts[position(of: sample)]
            let mapped = part.fields[index]
            let values = mapped.appendOffsets(of: sample - part.firstSample, to: &column.offsets)
            ranges.append((mapped, values))
        }
        column.values = try gather(ranges, like: column.values)
        column.sampleCount = samples.count
        release(after: samples.count)
        return column
    }

    /// How many numbers or texts one sample has in a field; throws ``StorageError`` for an unknown field.
    package func valueCount(_ field: String, sample: Int) throws -> Int {
        let part = parts[position(of: sample)]
        return part.fields[try index(of: field)].values(of: sample - part.firstSample).count
    }

    private func index(of field: String) throws -> Int {
        guard let index = fields.firstIndex(of: field) else { throw unknown(field) }
        return index
    }

    private func unknown(_ field: String) -> StorageError {
        .inconsistent(path: parts.first?.path ?? "", what: "there is no field \(field)")
    }

    /// The patient and visit ids of a range of samples, by default of all.
    package func ids(_ samples: Range<Int>? = nil) throws -> (patients: [String], visits: [String]) {
        let wanted = samples ?? 0..<count
        var all: (patients: [String], visits: [String]) = ([], [])
        for part in parts {
            let common = wanted.clamped(to: part.firstSample..<(part.firstSample + part.count))
            guard !common.isEmpty else { continue }
            let rows = (common.lowerBound - part.firstSample)..<(common.upperBound - part.firstSample)
            let input = try CheckedFile.open(part.path, format: SampleFile.format)
            let (patients, visits) = (try input.readText("patient_id"), try input.readText("visit_id"))
            try input.require(
                patients.count == part.count && visits.count == part.count,
                "the ids do not cover all samples")
            all.patients += patients[rows]
            all.visits += visits[rows]
        }
        return all
    }

    private func gather(
        _ ranges: [(field: MappedField, values: Range<Int>)], like kind: EncodedColumn.Values
    ) throws -> EncodedColumn.Values {
        let total = ranges.reduce(0) { $0 + $1.values.count }
        switch kind {
        case .int32:
            var list: [Int32] = []
            list.reserveCapacity(total)
            for (field, values) in ranges { field.appendValues(values, to: &list) }
            return .int32(list)
        case .float32:
            var list: [Float] = []
            list.reserveCapacity(total)
            for (field, values) in ranges { field.appendValues(values, to: &list) }
            return .float32(list)
        case .text:
            var list: [String] = []
            for (field, values) in ranges { try field.appendValues(values, to: &list) }
            return .text(list)
        }
    }

    /// A touched sample costs about 64 KiB of mapped pages; they are given back every 64 MiB.
    private func release(after samples: Int) {
        samplesSinceRelease += samples
        guard samplesSinceRelease >= 1024 else { return }
        samplesSinceRelease = 0
        for part in parts { part.map.release() }
    }

    private func position(of sample: Int) -> Int {
        precondition(sample >= 0 && sample < count, "SampleSet: sample \(sample) of \(count)")
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if parts[middle].firstSample <= sample { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

package import ClinicalData
import Foundation
import Groundwork
import HDF5

/// All sample files of a run, read by global sample number; values of numeric fields are memory-mapped.
package final class SampleSet {
    /// One file.
    private struct Part {
        let firstSample: Int
        let count: Int
        let fields: [String: MappedField]
    }

    private let parts: [Part]
    /// The number of samples.
    package let count: Int
    /// The fields in schema order.
    package let fields: [String]
    /// The part of the split per sample: 0 train, 1 val, 2 test.
    package let split: [Int32]
    private let paths: [String]

    /// Opens the files in order; throws `HDF5Error` and ``StorageError``.
    package init(paths: [String]) throws {
        var parts: [Part] = []
        var split: [Int32] = []
        var names: [String] = []
        var total = 0
        for path in paths {
            let input = try CheckedFile.open(path, format: SampleFile.format)
            let samples = Int(try input.file.integerAttribute("samples"))
            names = try input.file.textAttribute("fields").split(separator: ",").map(String.init)
            let map = try FileMap(path)
            var fields: [String: MappedField] = [:]
            for name in names { fields[name] = try MappedField(name, input, map, samples: samples) }
            split += try input.read("split", as: Int32.self)
            parts.append(Part(firstSample: total, count: samples, fields: fields))
            total += samples
        }
        guard split.count == total else {
            throw StorageError.inconsistent(
                path: paths.first ?? "", what: "the split does not cover all samples")
        }
        self.parts = parts
        self.paths = paths
        self.split = split
        fields = names
        count = total
    }

    /// The given samples of a field, in the given order.
    package func column(_ field: String, samples: [Int]) throws -> EncodedColumn {
        guard let first = parts.first?.fields[field] else {
            throw StorageError.inconsistent(path: paths.first ?? "", what: "there is no field \(field)")
        }
        var result = first.emptyColumn
        for sample in samples {
            let part = part(of: sample)
            guard let mapped = part.fields[field] else { continue }
            mapped.append(sample - part.firstSample, to: &result)
        }
        result.sampleCount = samples.count
        return result
    }

    /// The patient and visit ids of all samples.
    package func ids() throws -> (patients: [String], visits: [String]) {
        var all: (patients: [String], visits: [String]) = ([], [])
        for path in paths {
            let input = try CheckedFile.open(path, format: SampleFile.format)
            all.patients += try input.readText("patient_id")
            all.visits += try input.readText("visit_id")
        }
        return all
    }

    private func part(of sample: Int) -> Part {
        var (low, high) = (0, parts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if parts[middle].firstSample <= sample { low = middle } else { high = middle - 1 }
        }
        return parts[low]
    }
}

/// A file's bytes in memory, read only.
final class FileMap {
    let bytes: UnsafeRawBufferPointer
    let path: String

    init(_ path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw FileError("stat", path: path, errorNumber: errno) }
        let size = Int(info.st_size)
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw FileError("map", path: path, errorNumber: errno)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: size)
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}

/// One field of one sample file.
struct MappedField {
    private enum Source {
        case int32(UnsafeBufferPointer<Int32>)
        case float32(UnsafeBufferPointer<Float>)
        case text([String])
    }

    private let name: String
    private let processor: String
    private let offsets: [[Int64]]
    private let shape: [Int]
    private let source: Source
    /// Keeps the mapping alive.
    private let map: FileMap
    private let width: Int

    init(_ name: String, _ input: CheckedFile, _ map: FileMap, samples: Int) throws {
        self.name = name
        self.map = map
        processor = try input.file.textAttribute("processor", of: name)
        shape = try input.file.textAttribute("shape", of: name).split(separator: ",").compactMap { Int($0) }
        width = shape.reduce(1, *)
        var offsets: [[Int64]] = []
        while input.file.contains("\(name)/\(SampleFile.offsetsName(offsets.count))") {
            offsets.append(try input.read("\(name)/\(SampleFile.offsetsName(offsets.count))"))
        }
        self.offsets = offsets
        source = try Self.source(name, input, map)
        var expected = Int64(samples)
        for level in offsets {
            guard Int64(level.count) == expected + 1, let last = level.last, level.first == 0 else {
                throw StorageError.inconsistent(
                    path: map.path, what: "offsets of field \(name) have a wrong length")
            }
            expected = last
        }
        guard sourceCount == Int(expected) * width else {
            throw StorageError.inconsistent(
                path: map.path, what: "values of field \(name) have a wrong length")
        }
    }

    private var sourceCount: Int {
        switch source {
        case .int32(let values): values.count
        case .float32(let values): values.count
        case .text(let values): values.count
        }
    }

    private static func source(_ name: String, _ input: CheckedFile, _ map: FileMap) throws -> Source {
        let path = "\(name)/values"
        let info = try input.file.info(of: path)
        switch info.type {
        case .integer: return .int32(try mapped(info, map, name, input, path))
        case .float: return .float32(try mapped(info, map, name, input, path))
        default: return .text(try input.readText(path))
        }
    }

    /// The values in place; their checksum is checked once here.
    private static func mapped<Element: HDF5Element>(
        _ info: HDF5Dataset, _ map: FileMap, _ name: String, _ input: CheckedFile, _ path: String
    ) throws -> UnsafeBufferPointer<Element> {
        _ = try input.read(path, as: Element.self)
        guard info.count > 0, let offset = info.offset else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        let bytes = info.count * MemoryLayout<Element>.stride
        guard offset + bytes <= map.bytes.count else {
            throw StorageError.inconsistent(
                path: map.path, what: "values of field \(name) lie behind the end")
        }
        return UnsafeRawBufferPointer(rebasing: map.bytes[offset..<(offset + bytes)]).bindMemory(
            to: Element.self)
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
            name: name, processor: processor, offsets: offsets.map { _ in [0] }, shape: shape, values: values,
            sampleCount: 0)
    }

    /// Appends one sample.
    func append(_ sample: Int, to column: inout EncodedColumn) {
        var range = sample..<(sample + 1)
        for (level, own) in offsets.enumerated() {
            let shift = (column.offsets[level].last ?? 0) - own[range.lowerBound]
            for item in range { column.offsets[level].append(own[item + 1] + shift) }
            range = Int(own[range.lowerBound])..<Int(own[range.upperBound])
        }
        let leaves = (range.lowerBound * width)..<(range.upperBound * width)
        switch (source, column.values) {
        case (.int32(let from), .int32(var list)):
            column.values = .int32([])
            list.append(contentsOf: UnsafeBufferPointer(rebasing: from[leaves]))
            column.values = .int32(list)
        case (.float32(let from), .float32(var list)):
            column.values = .float32([])
            list.append(contentsOf: UnsafeBufferPointer(rebasing: from[leaves]))
            column.values = .float32(list)
        case (.text(let from), .text(var list)):
            column.values = .text([])
            list.append(contentsOf: from[leaves])
            column.values = .text(list)
        default: preconditionFailure("MappedField.append: column \(column.name) is of another kind")
        }
    }
}

import Digests
import Foundation
import HDF5

/// An HDF5 file with a `format` attribute, whose datasets have a `crc32c` attribute that is checked on reading.
///
/// The CRC32C is that of the values' little-endian bytes; of texts, that of every text followed by a zero byte.
struct CheckedFile {
    let file: HDF5File

    /// Starts a file of the given format, for example `pyhealth-samples-1`.
    static func create(_ path: String, format: String) throws -> CheckedFile {
        let file = try HDF5File.create(path)
        try file.setAttribute("format", .text(format))
        return CheckedFile(file: file)
    }

    /// Opens a file and checks its format.
    static func open(_ path: String, format: String) throws -> CheckedFile {
        let file = try HDF5File.open(path)
        var got = "none"
        if case .text(let value)? = try file.attribute("format") { got = value }
        guard got == format else { throw StorageError.wrongFormat(path: path, expected: format, got: got) }
        return CheckedFile(file: file)
    }

    func write<Element: HDF5Element>(_ values: [Element], shape: [Int]? = nil, to dataset: String) throws {
        try file.write(values, shape: shape, to: dataset)
        try set(CRC32C.checksum(of: values), of: dataset)
    }

    func writeText(_ texts: [String], to dataset: String) throws {
        try file.writeText(texts, to: dataset)
        try set(checksum(of: texts), of: dataset)
    }

    func read<Element: HDF5Element>(_ dataset: String, as _: Element.Type = Element.self) throws -> [Element]
    {
        let values: [Element] = try file.read(dataset)
        try check(CRC32C.checksum(of: values), of: dataset)
        return values
    }

    func readText(_ dataset: String) throws -> [String] {
        let texts = try file.readText(dataset)
        try check(checksum(of: texts), of: dataset)
        return texts
    }

    /// Throws ``StorageError/damaged(path:dataset:)`` if a dataset's content has another checksum than was written.
    func check(_ checksum: UInt32, of dataset: String) throws {
        guard try file.integerAttribute("crc32c", of: dataset) == Int64(checksum) else {
            throw StorageError.damaged(path: file.path, dataset: dataset)
        }
    }

    /// Throws ``StorageError/inconsistent(path:what:)`` unless `condition` holds.
    func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw StorageError.inconsistent(path: file.path, what: what()) }
    }

    /// Writes a list, of names for example, as a JSON text.
    func setNames(_ names: some Encodable, as attribute: String, of object: String = "/") throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = try encoder.encode(names)
        try file.setAttribute(attribute, .text(String(decoding: json, as: UTF8.self)), of: object)
    }

    /// Reads what ``setNames(_:as:of:)`` wrote.
    func names<Names: Decodable>(
        _ attribute: String, of object: String = "/", as _: Names.Type = [String].self
    ) throws -> Names {
        let json = try file.textAttribute(attribute, of: object)
        guard let names = try? JSONDecoder().decode(Names.self, from: Data(json.utf8)) else {
            throw StorageError.inconsistent(
                path: file.path, what: "attribute \(attribute) is not the expected list")
        }
        return names
    }

    /// A count that the file states, within what an array can have.
    func count(_ attribute: String) throws -> Int {
        let value = try file.integerAttribute(attribute)
        try require(value >= 0 && value < 1 << 40, "attribute \(attribute) is no count")
        return Int(value)
    }

    private func set(_ checksum: UInt32, of dataset: String) throws {
        try file.setAttribute("crc32c", .integer(Int64(checksum)), of: dataset)
    }

    private func checksum(of texts: [String]) -> UInt32 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(texts.reduce(0) { $0 + $1.utf8.count + 1 })
        for text in texts {
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        return CRC32C.checksum(of: bytes)
    }
}

/// Whether `offsets` delimit the parts of `items` items: one more than items, from 0, never falling.
func areOffsets(_ offsets: UnsafeBufferPointer<Int64>, items: Int) -> Bool {
    guard offsets.count == items + 1, offsets[0] == 0 else { return false }
    for i in 0..<items where offsets[i + 1] < offsets[i] { return false }
    return true
}

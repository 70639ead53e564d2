import Digests
import HDF5

/// Writing and reading datasets with a `crc32c` attribute, under a `format` attribute of the file.
struct CheckedFile {
    let file: HDF5File

    /// Creates a file of the given format, for example `pyhealth-samples-1`.
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
        try file.setAttribute("crc32c", .integer(Int64(CRC32C.checksum(of: values))), of: dataset)
    }

    func read<Element: HDF5Element>(_ dataset: String, as _: Element.Type = Element.self) throws -> [Element]
    {
        let values: [Element] = try file.read(dataset)
        guard try file.integerAttribute("crc32c", of: dataset) == Int64(CRC32C.checksum(of: values)) else {
            throw StorageError.damaged(path: file.path, dataset: dataset)
        }
        return values
    }

    func writeText(_ texts: [String], to dataset: String) throws { try file.writeText(texts, to: dataset) }
    func readText(_ dataset: String) throws -> [String] { try file.readText(dataset) }
}

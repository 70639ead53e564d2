/// The part of every sample in one HDF5 file: `/split` i32, 0 train, 1 val, 2 test.
package enum SplitFile {
    private static let format = "pyhealth-split-1"

    /// Writes to a new file; throws `HDF5Error`.
    package static func write(_ split: [Int32], to path: String) throws {
        let out = try CheckedFile.create(path, format: format)
        try out.write(split, to: "split")
        try out.file.close()
    }

    /// Reads a file; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String) throws -> [Int32] {
        try CheckedFile.open(path, format: format).read("split")
    }
}

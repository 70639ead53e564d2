import Digests
import Foundation
import Groundwork
import HDF5

/// A file's bytes in memory, read only.
final class FileMap {
    let path: String
    private let bytes: UnsafeRawBufferPointer

    /// Maps a file; throws `FileError`.
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

    /// The values at `offset`, nil if they are not aligned or not within the file.
    func values<Element>(at offset: Int, count: Int, as _: Element.Type) -> UnsafeBufferPointer<Element>? {
        let (length, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, offset >= 0, length <= bytes.count, offset <= bytes.count - length,
            offset.isMultiple(of: MemoryLayout<Element>.alignment)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)]).bindMemory(
            to: Element.self)
    }

    /// Gives the process's pages back; they come again from the system's file cache when they are needed.
    ///
    /// Otherwise a process that touches all samples would seem to need memory for all of them.
    func release() {
        madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_DONTNEED)
    }
}

/// The values of one dataset: in place in the mapped file, or read into memory where the file's layout forbids that.
final class MappedValues<Element: HDF5Element> {
    /// The values in row-major order.
    let values: UnsafeBufferPointer<Element>
    // One of the two keeps `values` alive.
    private let map: FileMap?
    private let copy: UnsafeMutableBufferPointer<Element>?

    /// Finds the values and checks their checksum once; throws `HDF5Error` and ``StorageError``.
    init(_ dataset: String, of input: CheckedFile, in map: FileMap) throws {
        let info = try input.file.info(of: dataset)
        if info.type == Element.storedType, let offset = info.offset,
            let mapped = map.values(at: offset, count: info.count, as: Element.self)
        {
            (values, self.map, copy) = (mapped, map, nil)
            try input.check(Self.checksum(mapped, map), of: dataset)
        } else {
            let list = try input.read(dataset, as: Element.self)
            let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: list.count)
            _ = copy.initialize(from: list)
            (values, self.map, self.copy) = (UnsafeBufferPointer(copy), nil, copy)
        }
    }

    deinit { copy?.deallocate() }

    private static func checksum(_ values: UnsafeBufferPointer<Element>, _ map: FileMap) -> UInt32 {
        let bytes = UnsafeRawBufferPointer(values)
        var checksum: UInt32 = 0
        for start in stride(from: 0, to: bytes.count, by: 1 << 24) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 24, bytes.count)])
            checksum = CRC32C.checksum(piece, continuing: checksum)
            map.release()
        }
        return checksum
    }
}

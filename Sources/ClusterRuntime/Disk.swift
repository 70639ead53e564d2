import Digests
package import Foundation
import Groundwork

/// The operations on files on which the promises rest; the simulator has a disk of its own that forgets what was not
/// flushed. Everything throws `FileError` with the system's error number.
package protocol Disk: Sendable {
    /// Names in a folder in ascending order; none if it does not exist.
    func names(in folder: String) -> [String]
    /// A file's size in bytes; nil if there is none.
    func size(of path: String) -> UInt64?
    /// A file's content; nil if there is none.
    func contents(of path: String) throws -> Data?
    /// SHA-256 of a file's content in hexadecimal digits.
    func sha256(of path: String) throws -> String
    /// Creates one folder; returns whether it was not there.
    func createFolder(_ path: String) throws -> Bool
    /// Writes a file's whole content, replacing what it held.
    func write(_ data: Data, to path: String) throws
    /// Creates a file that must not exist and will grow.
    func createGrowingFile(_ path: String) throws -> any GrowingFile
    /// Flushes a file's content, or a folder's names.
    func flush(_ path: String) throws
    /// Gives a file another name, replacing what had it.
    func rename(_ path: String, to other: String) throws
    /// Gives a file another name if nothing has it; returns whether nothing had.
    func link(_ path: String, to other: String) throws -> Bool
    /// Removes a name, if it is there.
    func remove(_ path: String)
    /// Removes a folder with all that it holds, if it is there.
    func removeFolder(_ path: String)
    /// A name beside `path` that nobody else uses.
    func temporaryName(for path: String) -> String
}

/// A file that is only appended to; closed with the object.
package protocol GrowingFile: AnyObject {
    /// Writes at the end.
    func append(_ data: Data) throws
    /// Flushes the content to disk (`fdatasync`).
    func flush() throws
    /// Takes back what is behind the first `length` bytes.
    func truncate(to length: Int) throws
}

extension Disk {
    /// The path of the folder that holds `path`.
    func folder(of path: String) -> String { Files.folder(of: path) }
}

/// The system's disk.
package struct SystemDisk: Disk {
    /// The system's disk.
    package init() {}

    package func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    package func size(of path: String) -> UInt64? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_size) : nil
    }

    package func contents(of path: String) throws -> Data? {
        do { return try Files.contents(of: path) } catch let error as FileError
            where error.errorNumber == ENOENT
        {
            return nil
        }
    }

    package func sha256(of path: String) throws -> String { try SHA256.hex(ofFile: path) }

    package func createFolder(_ path: String) throws -> Bool {
        if Files.isFolder(path) { return false }
        try Files.createFolder(path)
        return true
    }

    package func write(_ data: Data, to path: String) throws {
        let file = try SystemGrowingFile(path, flags: O_TRUNC)
        try file.append(data)
    }

    package func createGrowingFile(_ path: String) throws -> any GrowingFile {
        try SystemGrowingFile(path, flags: O_EXCL | O_APPEND)
    }

    package func flush(_ path: String) throws { try AtomicFile.flush(path) }

    package func rename(_ path: String, to other: String) throws {
        guard Foundation.rename(path, other) == 0 else {
            throw FileError("rename", path: other, errorNumber: errno, writing: true)
        }
    }

    package func link(_ path: String, to other: String) throws -> Bool {
        if Foundation.link(path, other) == 0 { return true }
        if errno == EEXIST { return false }
        throw FileError("create", path: other, errorNumber: errno, writing: true)
    }

    package func remove(_ path: String) { unlink(path) }

    package func removeFolder(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    package func temporaryName(for path: String) -> String { AtomicFile.temporaryName(for: path) }
}

/// A file of the system that is only appended to.
private final class SystemGrowingFile: GrowingFile {
    private let path: String
    private let descriptor: Int32

    init(_ path: String, flags: Int32) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o640)
        guard descriptor >= 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
    }

    deinit { close(descriptor) }

    func append(_ data: Data) throws {
        try data.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Foundation.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    throw FileError("write", path: path, errorNumber: errno, writing: true)
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    func truncate(to length: Int) throws {
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw FileError("shorten", path: path, errorNumber: errno, writing: true)
        }
    }

    func flush() throws {
        guard fdatasync(descriptor) == 0 else {
            throw FileError("flush", path: path, errorNumber: errno, writing: true)
        }
    }
}

import Foundation
import Groundwork

/// Bytes of a file one after the other, inflated if the file is gzip.
package protocol ByteSource: AnyObject {
    /// Fills `buffer` as far as possible; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Compressed bytes taken from the file so far, for progress.
    var bytesRead: Int { get }
}

/// Opens files for reading.
package enum ByteSources {
    /// Whether a file is compressed, as its name tells: `.gz` in any case.
    package static func isGzip(_ path: String) -> Bool { path.lowercased().hasSuffix(".gz") }

    /// The path itself, or with `.gz` added or removed: whichever exists, or else the one file whose name differs in case
    /// alone; throws ``DelimitedTextError/missingFile(file:)``, and `FileError` for a folder into which this user may not look.
    package static func resolve(_ path: String) throws -> String {
        let other = isGzip(path) ? String(path.dropLast(3)) : path + ".gz"
        for candidate in [path, other] where FileManager.default.fileExists(atPath: candidate) {
            return candidate
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        if access(folder, R_OK | X_OK) != 0, errno == EACCES {
            throw FileError("open", path: folder, errorNumber: EACCES)
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for candidate in [path, other] {
            let wanted = URL(fileURLWithPath: candidate).lastPathComponent.lowercased()
            let found = names.filter { $0.lowercased() == wanted }
            if found.count == 1 { return "\(folder)/\(found[0])" }
            if found.count > 1 { break }
        }
        throw DelimitedTextError.missingFile(file: path)
    }

    /// A source for the file at `path`, from byte `offset` of a plain file.
    package static func open(_ path: String, offset: Int = 0) throws -> any ByteSource {
        isGzip(path) ? try GzipSource(path) : try PlainSource(path, offset: offset)
    }
}

/// A plain file.
final class PlainSource: ByteSource {
    private let descriptor: Int32
    private let path: String
    private(set) var bytesRead = 0

    init(_ path: String, offset: Int = 0) throws {
        self.path = path
        // A named pipe would wait for a writer, and cannot be read twice.
        descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, [S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT) else {
            throw DelimitedTextError.notAFile(file: path)
        }
        if offset > 0 { lseek(descriptor, off_t(offset), SEEK_SET) }
        posix_fadvise(descriptor, off_t(offset), 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
        while true {
            let count = Foundation.read(descriptor, base, buffer.count)
            if count >= 0 {
                bytesRead += count
                return count
            }
            guard errno == EINTR else { throw FileError("read", path: path, errorNumber: errno) }
        }
    }
}

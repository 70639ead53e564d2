package import Foundation

/// Writing files so that they appear whole or not at all: temporary name, fsync, rename, fsync of the folder.
package enum AtomicFile {
    /// Writes `data` to `path`, replacing what was there; throws ``FileError``.
    ///
    /// `permissions` are those of the new file. With `durable` the file and its folder are flushed to disk.
    package static func write(
        _ data: Data, to path: String, permissions: mode_t = 0o640, durable: Bool = true
    ) throws {
        let temporary = temporaryName(for: path)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions)
        guard descriptor >= 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        do {
            try writeAll(data, to: descriptor, path: path)
            if durable, fsync(descriptor) != 0 {
                throw FileError("flush", path: path, errorNumber: errno, writing: true)
            }
            close(descriptor)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        try publish(temporary, as: path, durable: durable)
    }

    /// Writes `text` as UTF-8; see ``write(_:to:permissions:durable:)``.
    package static func write(_ text: String, to path: String, durable: Bool = true) throws {
        try write(Data(text.utf8), to: path, durable: durable)
    }

    /// A name beside `path` that no other process uses.
    package static func temporaryName(for path: String) -> String {
        "\(path).tmp.\(getpid()).\(UInt32.random(in: 0 ... .max))"
    }

    /// Gives the finished file `temporary` (already flushed if durability matters) the name `path`.
    package static func publish(_ temporary: String, as path: String, durable: Bool = true) throws {
        guard rename(temporary, path) == 0 else {
            let reason = errno
            unlink(temporary)
            throw FileError("rename", path: path, errorNumber: reason, writing: true)
        }
        if durable { try flushFolder(of: path) }
    }

    /// Flushes an existing file's content to disk.
    package static func flush(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw FileError("flush", path: path, errorNumber: errno, writing: true)
        }
    }

    /// Flushes the folder that holds `path`, so that a rename in it survives a crash of the host.
    package static func flushFolder(of path: String) throws {
        try flush(Files.folder(of: path))
    }

    private static func writeAll(_ data: Data, to descriptor: Int32, path: String) throws {
        try data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count < 0 {
                    if errno == EINTR { continue }
                    throw FileError("write", path: path, errorNumber: errno, writing: true)
                }
                done += count
            }
        }
    }
}

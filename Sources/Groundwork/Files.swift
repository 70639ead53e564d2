package import Foundation

/// Whole files and folders, with the system's own reason where something fails.
package enum Files {
    /// The content of the file at `path`; throws ``FileError``.
    package static func contents(of path: String) throws -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        defer { close(descriptor) }
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return data }
            if count > 0 {
                data.append(contentsOf: buffer[..<count])
            } else if errno != EINTR {
                throw FileError("read", path: path, errorNumber: errno)
            }
        }
    }

    /// Creates the folder at `path` and those above it where they are missing; throws ``FileError``.
    package static func createFolder(_ path: String, permissions: mode_t = 0o750) throws {
        if mkdir(path, permissions) == 0 { return }
        var reason = errno
        if reason == ENOENT {
            let parent = (path as NSString).deletingLastPathComponent
            guard !parent.isEmpty, parent != path else {
                throw FileError("create", path: path, errorNumber: reason, writing: true)
            }
            try createFolder(parent, permissions: permissions)
            if mkdir(path, permissions) == 0 { return }
            reason = errno
        }
        guard reason == EEXIST, isFolder(path) else {
            throw FileError("create", path: path, errorNumber: reason, writing: true)
        }
    }

    /// Whether there is a folder at `path`.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

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

    /// The folder that holds `path`, trailing slashes not counted: `.` for a name alone, `/` below the root.
    package static func folder(of path: String) -> String {
        let name = withoutTrailingSlashes(path)
        guard let slash = name.lastIndex(of: "/") else { return "." }
        return withoutTrailingSlashes(String(name[...slash]))
    }

    /// `path` as it is named without slashes at its end; `/` stays.
    package static func withoutTrailingSlashes(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }

    /// Creates the folder at `path` and those above it where they are missing; throws ``FileError``.
    package static func createFolder(_ path: String, permissions: mode_t = 0o750) throws {
        if mkdir(path, permissions) == 0 { return }
        var reason = errno
        if reason == ENOENT {
            let parent = folder(of: path)
            guard parent != ".", parent != path else {
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

    /// The files below `folder` as paths relative to it, through symbolic links, in no order; a folder that contains itself by a
    /// link is entered once. Throws ``FileError`` for a folder that cannot be read.
    package static func below(_ folder: String) throws -> [String] {
        var found: [String] = []
        try list(folder, prefix: "", above: [], into: &found)
        return found
    }

    private struct Identity: Equatable {
        var device: dev_t
        var number: ino_t
    }

    private static func list(
        _ folder: String, prefix: String, above: [Identity], into found: inout [String]
    ) throws {
        var status = stat()
        guard stat(folder, &status) == 0, let handle = opendir(folder) else {
            throw FileError("list", path: folder, errorNumber: errno)
        }
        let own = Identity(device: status.st_dev, number: status.st_ino)
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        closedir(handle)
        guard !above.contains(own) else { return }
        for name in names where name != "." && name != ".." {
            let path = "\(folder)/\(name)"
            // what a link points to; one that points nowhere is nothing
            guard stat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFREG: found.append(prefix + name)
            case S_IFDIR:
                try list(path, prefix: "\(prefix)\(name)/", above: above + [own], into: &found)
            default: break
            }
        }
    }

    /// Whether there is a folder at `path`.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

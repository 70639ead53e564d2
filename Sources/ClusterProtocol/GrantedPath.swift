/// Paths that a worker names must be exactly those that it was granted.
package enum GrantedPath {
    /// Characters of the part of a name that the worker chooses.
    static let longestName = 128

    /// Whether `path` is an output of the attempt with this prefix: `<prefix>.<name>`.
    package static func isOutput(_ path: String, prefix: String) -> Bool {
        path.hasPrefix("\(prefix).") && isName(path.dropFirst(prefix.count + 1))
    }

    /// Whether `path` is a file directly in `folder`.
    package static func isFile(_ path: String, in folder: String) -> Bool {
        path.hasPrefix("\(folder)/") && isName(path.dropFirst(folder.count + 1))
    }

    /// Whether `path` is below the run directory: no way up, not absolute.
    package static func isRelative(_ path: String) -> Bool {
        !path.isEmpty
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                isName(part)
            }
    }

    private static func isName(_ name: Substring) -> Bool {
        !name.isEmpty && name.utf8.count <= longestName && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

import Foundation
import Groundwork

/// A file that nobody else can open and that is gone with its process, however that ends: patients' data leave nothing behind.
final class UnnamedFile {
    private let descriptor: Int32

    /// An empty file in `folder`; throws `FileError`.
    init(in folder: String) throws {
        let place = String(repeating: "X", count: 6)
        var name = Array("\(folder)/pyhealth-\(place)".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else {
            throw FileError("create", path: "\(folder)/pyhealth-…", errorNumber: errno, writing: true)
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(name)
    }

    deinit { close(descriptor) }

    /// Opens the file in this process only.
    var path: String { "/proc/self/fd/\(descriptor)" }
}

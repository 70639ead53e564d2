import CHDF5
import Foundation
import Synchronization

/// The library's global state: every call is made under one lock, because HDF5 is not concurrent inside.
enum HDF5Library {
    private static let lock = NSRecursiveLock()

    /// File locking must be off before the first call: shared disks often refuse locks, and files here have one
    /// writer and are immutable afterwards.
    private static let prepared: Bool = {
        setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
        return H5open() >= 0
    }()

    private static let files = Atomic<Int>(0)

    /// A name that no other open file has; no file of this name exists.
    static func uniqueName() -> String {
        "in-memory-\(files.wrappingAdd(1, ordering: .relaxed).newValue)"
    }

    /// Runs `body` while no other thread is inside HDF5.
    static func locked<R>(_ body: () throws -> R) rethrows -> R {
        lock.lock()
        defer { lock.unlock() }
        _ = prepared
        // The error stack, and with it automatic printing, belongs to the calling thread.
        H5Eset_auto2(0, nil, nil)
        return try body()
    }
}

/// Runs `body` with an open handle and closes it afterwards; a negative handle throws `failure`.
func withHandle<R>(
    _ handle: hid_t, _ close: (hid_t) -> herr_t, orThrow failure: @autoclosure () -> HDF5Error,
    _ body: (hid_t) throws -> R
) throws -> R {
    guard handle >= 0 else { throw failure() }
    defer { _ = close(handle) }
    return try body(handle)
}

/// Throws `failure` if an HDF5 function returned a negative status.
func check(_ status: herr_t, orThrow failure: @autoclosure () -> HDF5Error) throws {
    if status < 0 { throw failure() }
}

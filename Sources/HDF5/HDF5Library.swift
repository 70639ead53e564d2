import CHDF5
import Foundation
import Synchronization

/// The library's global state: every call is made under one lock, because HDF5 is not concurrent inside.
package enum HDF5Library {
    /// The version in use.
    package static var version: String {
        var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
        _ = locked { H5get_libversion(&major, &minor, &release) }
        return "\(major).\(minor).\(release)"
    }

    private static let lock = NSRecursiveLock()

    /// File locking must be off before the first call: shared disks often refuse locks, and files here have one
    /// writer and are immutable afterwards.
    private static let prepared: Bool = {
        setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
        return H5open() >= 0
    }()

    /// How datasets are laid out; made once, as making such a list takes as long as writing a small dataset. Negative if the
    /// library could not make it. Only read under the lock.
    static let plainDataset = creationList(filled: false)
    /// As ``plainDataset``, for datasets that the library fills first.
    static let filledDataset = creationList(filled: true)

    private static func creationList(filled: Bool) -> hid_t {
        let list = H5Pcreate(hdf5_dataset_create_list())
        let isSet =
            H5Pset_obj_track_times(list, false) >= 0 && H5Pset_layout(list, H5D_CONTIGUOUS) >= 0
            && H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY) >= 0
            && (filled || H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) >= 0)
        return isSet ? list : -1
    }

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

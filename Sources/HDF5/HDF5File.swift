import CHDF5
import Foundation
import Groundwork

/// One HDF5 file, either being written (from ``create(_:)``) or read (from ``open(_:)``).
///
/// Objects are named by path (`/state/fc.weight`); missing groups are created on writing. Equal sequences of writes
/// give equal bytes: no times are stored. Format: version 1.10, contiguous datasets aligned to 64 bytes.
package final class HDF5File: @unchecked Sendable {
    /// The file's path, as shown in errors.
    package let path: String
    // Guarded by the library's lock; negative after `close`.
    private var handle: hid_t

    private init(path: String, handle: hid_t) {
        self.path = path
        self.handle = handle
    }

    deinit {
        let handle = handle
        if handle >= 0 { HDF5Library.locked { _ = H5Fclose(handle) } }
    }

    /// Creates an empty file, replacing what was there; throws ``HDF5Error/cannotCreate(path:reason:)``.
    package static func create(_ path: String) throws -> HDF5File {
        try HDF5Library.locked {
            let failure = HDF5Error.cannotCreate(path: path, reason: "the library cannot be set up")
            return try withHandle(H5Pcreate(hdf5_file_create_list()), H5Pclose, orThrow: failure) {
                creation in
                try check(H5Pset_obj_track_times(creation, false), orThrow: failure)
                return try withAccessList(path) { access in
                    errno = 0
                    let handle = H5Fcreate(path, hdf5_truncate(), creation, access)
                    guard handle >= 0 else {
                        throw HDF5Error.cannotCreate(path: path, reason: systemReason(errno))
                    }
                    return HDF5File(path: path, handle: handle)
                }
            }
        }
    }

    /// Opens a file for reading.
    ///
    /// Throws ``HDF5Error``: `unreadable` (missing, no permission), `notHDF5`, `torn` (cut off, damaged header).
    package static func open(_ path: String) throws -> HDF5File {
        guard access(path, R_OK) == 0 else {
            throw HDF5Error.unreadable(path: path, reason: systemReason(errno))
        }
        return try HDF5Library.locked {
            guard H5Fis_hdf5(path) > 0 else { throw HDF5Error.notHDF5(path: path) }
            return try withAccessList(path) { access in
                let handle = H5Fopen(path, hdf5_read_only(), access)
                guard handle >= 0 else { throw HDF5Error.torn(path: path) }
                return HDF5File(path: path, handle: handle)
            }
        }
    }

    /// Writes what is buffered and closes the file; a second call does nothing.
    ///
    /// A written file is complete only after this returned without an error.
    package func close() throws {
        try HDF5Library.locked {
            guard handle >= 0 else { return }
            let status = H5Fclose(handle)
            handle = -1
            try check(status, orThrow: .cannotWrite(path: path, object: "the file", operation: "close"))
        }
    }

    /// Runs `body` with the file's handle under the library's lock.
    func withFile<R>(_ body: (hid_t) throws -> R) rethrows -> R {
        try HDF5Library.locked {
            precondition(handle >= 0, "HDF5File: \(path) is used after close()")
            return try body(handle)
        }
    }

    private static func withAccessList<R>(_ path: String, _ body: (hid_t) throws -> R) throws -> R {
        let failure = HDF5Error.cannotCreate(path: path, reason: "the library cannot be set up")
        return try withHandle(H5Pcreate(hdf5_file_access_list()), H5Pclose, orThrow: failure) { access in
            try check(H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110), orThrow: failure)
            try check(H5Pset_fclose_degree(access, H5F_CLOSE_STRONG), orThrow: failure)
            // Without the small-data block every dataset is allocated on its own, hence aligned for mapping.
            try check(H5Pset_alignment(access, 1, 64), orThrow: failure)
            try check(H5Pset_small_data_block_size(access, 0), orThrow: failure)
            return try body(access)
        }
    }
}

import CHDF5
import Foundation
import Groundwork

/// One HDF5 file, either being written (from ``create(_:)``) or read (from ``open(_:)``).
///
/// A new file is built in memory, so that a full disk is an error of ``close(durable:)`` and nothing else.
/// Objects are named by path (`/state/fc.weight`); missing groups are created on writing. Equal sequences of writes
/// give equal bytes: no times are stored. Format: version 1.10, contiguous datasets aligned to 64 bytes.
package final class HDF5File: @unchecked Sendable {
    /// The file's path, as shown in errors.
    package let path: String
    // Guarded by the library's lock; negative after `close`.
    private var handle: hid_t
    /// Where a new file is built, nil for a file that is read.
    private let image: FileImage?

    private init(path: String, handle: hid_t, image: FileImage? = nil) {
        self.path = path
        self.handle = handle
        self.image = image
    }

    deinit {
        let handle = handle
        if handle >= 0 { HDF5Library.locked { _ = H5Fclose(handle) } }
    }

    /// Starts an empty file in memory; ``close(durable:)`` gives it its place. Throws `FileError` if its folder is
    /// missing or may not be written.
    package static func create(_ path: String) throws -> HDF5File {
        guard access(Files.folder(of: path), W_OK | X_OK) == 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        return try HDF5Library.locked {
            let failure = HDF5Error.cannotWrite(path: path, object: "the file", operation: "create")
            return try withHandle(H5Pcreate(hdf5_file_create_list()), H5Pclose, orThrow: failure) {
                creation in
                try check(H5Pset_obj_track_times(creation, false), orThrow: failure)
                return try withAccessList(path) { access in
                    let image = FileImage()
                    try image.attach(to: access, orThrow: failure)
                    // The library must not confuse two files that are built at the same time.
                    let handle = H5Fcreate(HDF5Library.uniqueName(), hdf5_truncate(), creation, access)
                    guard handle >= 0 else { throw failure }
                    return HDF5File(path: path, handle: handle, image: image)
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

    /// Closes the file; a new file appears at its path, whole or not at all. A second call does nothing.
    ///
    /// With `durable` the file and its folder are flushed to disk. Throws `FileError` (full disk) and ``HDF5Error``.
    package func close(durable: Bool = false) throws {
        let finished = try HDF5Library.locked { () -> Data? in
            guard handle >= 0 else { return nil }
            let status = H5Fclose(handle)
            handle = -1
            let failure = HDF5Error.cannotWrite(path: path, object: "the file", operation: "finish")
            try check(status, orThrow: failure)
            guard let image else { return nil }
            guard let data = image.take() else { throw failure }
            return data
        }
        if let finished { try AtomicFile.write(finished, to: path, durable: durable) }
    }

    /// Runs `body` with the file's handle under the library's lock.
    func withFile<R>(_ body: (hid_t) throws -> R) rethrows -> R {
        try HDF5Library.locked {
            precondition(handle >= 0, "HDF5File: \(path) is used after close()")
            return try body(handle)
        }
    }

    private static func withAccessList<R>(_ path: String, _ body: (hid_t) throws -> R) throws -> R {
        let failure = HDF5Error.cannotWrite(path: path, object: "the file", operation: "set up")
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

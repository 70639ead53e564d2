import CHDF5
import Foundation
import Groundwork

/// The memory in which the library builds a new file.
///
/// Files are built in memory and written by ourselves, because HDF5 1.10 ends the process (segmentation fault in
/// `H5Fclose`) when a write fails on a full disk. The library clears what the image grows by, so that equal writes give equal
/// bytes whatever the memory held before.
final class FileImage {
    private var base: UnsafeMutableRawPointer?
    private var size = 0

    deinit { free(base) }

    /// Makes files that are created with the access list live in this image.
    func attach(to access: hid_t, orThrow failure: HDF5Error) throws {
        try check(H5Pset_fapl_core(access, 1 << 20, false), orThrow: failure)
        var callbacks = H5FD_file_image_callbacks_t()
        callbacks.image_malloc = { size, _, image in FileImage.of(image)?.resize(to: size) }
        callbacks.image_memcpy = { target, source, count, _, _ in
            if let target, let source { memcpy(target, source, count) }
            return target
        }
        callbacks.image_realloc = { _, size, _, image in FileImage.of(image)?.resize(to: size) }
        // The library calls this when it closes the file; the image is still to be written then.
        callbacks.image_free = { _, _, _ in 0 }
        callbacks.udata_copy = { $0 }
        callbacks.udata_free = { _ in 0 }
        callbacks.udata = Unmanaged.passUnretained(self).toOpaque()
        try check(H5Pset_file_image_callbacks(access, &callbacks), orThrow: failure)
    }

    /// Hands over the finished file's bytes; the library must have closed the file.
    func take() -> Data? {
        // Superblock version 3: signature 8, version, sizes, flags (4 bytes in all), base and extension address 16,
        // end-of-file address 8. The memory behind the end was reserved for growth.
        guard let base, size >= 36 else { return nil }
        let end = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 28, as: UInt64.self))
        guard let count = Int(exactly: end), count <= size else { return nil }
        self.base = nil
        size = 0
        return Data(bytesNoCopy: base, count: count, deallocator: .free)
    }

    private static func of(_ image: UnsafeMutableRawPointer?) -> FileImage? {
        image.map { Unmanaged<FileImage>.fromOpaque($0).takeUnretainedValue() }
    }

    private func resize(to wanted: Int) -> UnsafeMutableRawPointer? {
        guard let moved = realloc(base, wanted) else { return nil }
        base = moved
        size = wanted
        return moved
    }
}

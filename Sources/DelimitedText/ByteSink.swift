import CISAL
import Foundation
import Groundwork

/// Writes a file as it comes, compressed to gzip by ISA-L if asked; the file appears whole at ``finish()``.
package final class ByteSink {
    private let path: String
    private let temporary: String
    private let handle: Int32
    private let stream: UnsafeMutablePointer<isal_zstream>?
    private let level = UnsafeMutableRawPointer.allocate(byteCount: ByteSink.levelBytes, alignment: 64)
    /// Working memory of compression level 1: as much as the library recommends for any level.
    private static let levelBytes = 1 << 20
    private var output = [UInt8](repeating: 0, count: 1 << 18)
    /// Bytes taken so far, before compression.
    package private(set) var bytes = 0

    /// Creates the file under a temporary name; throws `FileError`.
    package init(path: String, gzip: Bool) throws {
        self.path = path
        temporary = AtomicFile.temporaryName(for: path)
        handle = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard handle >= 0 else {
            stream = nil
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        guard gzip else {
            stream = nil
            return
        }
        let stream = UnsafeMutablePointer<isal_zstream>.allocate(capacity: 1)
        isal_deflate_init(stream)
        stream.pointee.gzip_flag = UInt16(IGZIP_GZIP)
        stream.pointee.level = 1
        stream.pointee.level_buf = level.assumingMemoryBound(to: UInt8.self)
        stream.pointee.level_buf_size = UInt32(ByteSink.levelBytes)
        self.stream = stream
    }

    deinit {
        close(handle)
        unlink(temporary)
        stream?.deallocate()
        level.deallocate()
    }

    /// Appends bytes; throws `FileError`.
    package func write(_ data: [UInt8]) throws { try data.withUnsafeBytes { try write($0) } }

    /// Appends bytes, less than 4 GiB; throws `FileError`.
    package func write(_ data: UnsafeRawBufferPointer) throws {
        bytes += data.count
        guard let stream else { return try writeAll(data) }
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: data.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(data.count)
        try deflate(stream)
    }

    /// Ends the file, flushes it and gives it its name; throws `FileError`.
    package func finish() throws {
        if let stream {
            stream.pointee.end_of_stream = 1
            stream.pointee.avail_in = 0
            try deflate(stream)
        }
        guard fsync(handle) == 0 else {
            throw FileError("flush", path: path, errorNumber: errno, writing: true)
        }
        try AtomicFile.publish(temporary, as: path, durable: false)
    }

    private func deflate(_ stream: UnsafeMutablePointer<isal_zstream>) throws {
        repeat {
            let produced = try output.withUnsafeMutableBufferPointer { target -> Int in
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                guard isal_deflate(stream) == COMP_OK else {
                    throw FileError("compress", path: path, errorNumber: EIO, writing: true)
                }
                return target.count - Int(stream.pointee.avail_out)
            }
            try output.withUnsafeBytes { try writeAll(.init(rebasing: $0[..<produced])) }
        } while stream.pointee.avail_out == 0
    }

    private func writeAll(_ data: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < data.count {
            let count = Foundation.write(handle, data.baseAddress! + done, data.count - done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("write", path: path, errorNumber: errno, writing: true) }
            done += count
        }
    }
}

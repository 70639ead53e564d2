import CISAL
import Foundation
import Groundwork

/// Bytes of a file one after the other, inflated if the file is gzip.
package protocol ByteSource: AnyObject {
    /// Fills `buffer` as far as possible; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Compressed bytes taken from the file so far, for progress.
    var bytesRead: Int { get }
}

/// Opens files for reading.
package enum ByteSources {
    /// The path itself, or with `.gz` added or removed: whichever exists, or else the one file whose name differs in case
    /// alone; throws ``DelimitedTextError/missingFile(file:)``.
    package static func resolve(_ path: String) throws -> String {
        let other = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path + ".gz"
        for candidate in [path, other] where FileManager.default.fileExists(atPath: candidate) {
            return candidate
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for candidate in [path, other] {
            let wanted = URL(fileURLWithPath: candidate).lastPathComponent.lowercased()
            let found = names.filter { $0.lowercased() == wanted }
            if found.count == 1 { return "\(folder)/\(found[0])" }
            if found.count > 1 { break }
        }
        throw DelimitedTextError.missingFile(file: path)
    }

    /// A source for the file at `path`, from byte `offset` of a plain file.
    package static func open(_ path: String, offset: Int = 0) throws -> any ByteSource {
        path.hasSuffix(".gz") ? try GzipSource(path) : try PlainSource(path, offset: offset)
    }
}

/// A plain file.
final class PlainSource: ByteSource {
    private let descriptor: Int32
    private let path: String
    private(set) var bytesRead = 0

    init(_ path: String, offset: Int = 0) throws {
        self.path = path
        descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        if offset > 0 { lseek(descriptor, off_t(offset), SEEK_SET) }
        posix_fadvise(descriptor, off_t(offset), 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
        while true {
            let count = Foundation.read(descriptor, base, buffer.count)
            if count >= 0 {
                bytesRead += count
                return count
            }
            guard errno == EINTR else { throw FileError("read", path: path, errorNumber: errno) }
        }
    }
}

/// A gzip file with one or more members, inflated by ISA-L.
final class GzipSource: ByteSource {
    private let input: PlainSource
    private let path: String
    private let state: UnsafeMutablePointer<inflate_state>
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    private var inputEnded = false
    private var hasMember = false

    init(_ path: String) throws {
        self.path = path
        input = try PlainSource(path)
        state = .allocate(capacity: 1)
        startMember()
    }

    deinit {
        state.deallocate()
        buffer.deallocate()
    }

    var bytesRead: Int { input.bytesRead - Int(state.pointee.avail_in) }

    func read(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let base = output.baseAddress else { return 0 }
        state.pointee.next_out = base.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = UInt32(min(output.count, 1 << 30))
        let wanted = Int(state.pointee.avail_out)
        while state.pointee.avail_out > 0 {
            if state.pointee.avail_in == 0 { try refill() }
            if state.pointee.block_state == ISAL_BLOCK_FINISH {
                guard try findMember() else { break }
                startNextMember()
                continue
            }
            if inputEnded, state.pointee.avail_in == 0 {
                let before = state.pointee.avail_out
                try inflate()
                if state.pointee.block_state == ISAL_BLOCK_FINISH { continue }
                guard state.pointee.avail_out < before else {
                    if !hasMember { break }
                    throw DelimitedTextError.truncated(file: path, offset: input.bytesRead)
                }
                continue
            }
            hasMember = true
            try inflate()
        }
        return wanted - Int(state.pointee.avail_out)
    }

    private func inflate() throws {
        let status = isal_inflate(state)
        guard status == ISAL_DECOMP_OK || status == ISAL_END_INPUT || status == ISAL_OUT_OVERFLOW else {
            throw DelimitedTextError.corrupt(file: path, offset: bytesRead, status: Int(status))
        }
    }

    private func refill() throws {
        guard !inputEnded else { return }
        let count = try input.read(into: buffer)
        inputEnded = count == 0
        state.pointee.next_in = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_in = UInt32(count)
    }

    private func startMember() {
        isal_inflate_init(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
    }

    /// Skips zero padding behind a member; whether anything else follows.
    private func findMember() throws -> Bool {
        while state.pointee.avail_in > 0 {
            while state.pointee.avail_in > 0, let next = state.pointee.next_in {
                guard next.pointee == 0 else { return true }
                state.pointee.next_in = next + 1
                state.pointee.avail_in -= 1
            }
            try refill()
        }
        return false
    }

    private func startNextMember() {
        let (out, room) = (state.pointee.next_out, state.pointee.avail_out)
        let (next, left) = (state.pointee.next_in, state.pointee.avail_in)
        startMember()
        (state.pointee.next_in, state.pointee.avail_in) = (next, left)
        (state.pointee.next_out, state.pointee.avail_out) = (out, room)
    }
}

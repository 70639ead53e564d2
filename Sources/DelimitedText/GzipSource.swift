import CISAL
import Foundation
import Groundwork

/// A gzip file with one or more members, inflated by ISA-L from its beginning or from an access point.
final class GzipSource: ByteSource {
    private let path: String
    private let input: PlainSource
    private let firstByte: Int
    private let until: AccessPoint?
    private let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    private var inputEnded = false
    private var hasMember = false
    /// Bytes of the file's text that have been read or lie before the access point.
    private(set) var textOffset: Int
    private var finder: AccessPointFinder?

    /// Reads from `from`; where the text reaches `until` its checksum is compared with that point's. With `pointDistance`
    /// access points are looked for, at least so many bytes of text apart.
    init(
        _ path: String, from: AccessPoint? = nil, until: AccessPoint? = nil, pointDistance: Int? = nil
    ) throws {
        self.path = path
        self.until = until
        firstByte = (from?.bit ?? 0) / 8
        textOffset = from?.text ?? 0
        input = try PlainSource(path, offset: firstByte)
        finder = pointDistance.map { AccessPointFinder(distance: $0, from: textOffset) }
        startMember()
        if let from, let inside = from.inside { try resume(inside, bit: from.bit % 8) }
    }

    deinit {
        state.deallocate()
        buffer.deallocate()
    }

    var bytesRead: Int { input.bytesRead - Int(state.pointee.avail_in) }

    /// The access point found last, once.
    func takePoint() -> AccessPoint? { finder?.take() }

    func read(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let base = output.baseAddress else { return 0 }
        state.pointee.next_out = base.assumingMemoryBound(to: UInt8.self)
        var room = min(output.count, 1 << 30)
        if let until, until.text > textOffset { room = min(room, until.text - textOffset) }
        state.pointee.avail_out = UInt32(room)
        let first = textOffset
        while state.pointee.avail_out > 0 {
            if state.pointee.avail_in == 0 { try refill() }
            if state.pointee.block_state == ISAL_BLOCK_FINISH {
                guard try findMember() else { break }
                finder?.foundMember(atByte: position, text: textOffset)
                startNextMember()
                continue
            }
            let before = state.pointee.avail_out
            let isLast = inputEnded && state.pointee.avail_in == 0
            if !isLast { hasMember = true }
            try inflate()
            textOffset = first + room - Int(state.pointee.avail_out)
            if isLast, state.pointee.block_state != ISAL_BLOCK_FINISH, state.pointee.avail_out == before {
                if !hasMember { break }
                throw DelimitedTextError.truncated(file: path, offset: position)
            }
        }
        if let until, until.text == textOffset, textOffset > first { try check(until) }
        return textOffset - first
    }

    /// The byte of the file that is inflated next.
    private var position: Int { firstByte + bytesRead }

    private func inflate() throws {
        if finder?.isDue(textOffset) == true, state.pointee.avail_in > 0 {
            try finder?.step(state, endOfInput: firstByte + input.bytesRead, text: textOffset, inflateStep)
        } else {
            try inflateStep()
        }
    }

    private func inflateStep() throws {
        let status = isal_inflate(state)
        guard status == ISAL_DECOMP_OK || status == ISAL_END_INPUT || status == ISAL_OUT_OVERFLOW else {
            throw DelimitedTextError.corrupt(file: path, offset: position, status: Int(status))
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

    /// Goes on behind `inside` with the bits from `bit` on of the next byte.
    private func resume(_ inside: AccessPoint.Inside, bit: Int) throws {
        hasMember = true
        try refill()
        var (next, left) = (state.pointee.next_in, state.pointee.avail_in)
        var byte: UInt8 = 0
        if bit > 0, left > 0, let first = next {
            byte = first.pointee
            (next, left) = (first + 1, left - 1)
        }
        var window = inside.window
        let status = cisal_resume(
            state, &window, UInt32(window.count), inside.checksum, inside.length, byte,
            bit > 0 ? Int32(8 - bit) : 0)
        (state.pointee.next_in, state.pointee.avail_in) = (next, left)
        guard status == COMP_OK else {
            throw DelimitedTextError.corrupt(file: path, offset: firstByte, status: Int(status))
        }
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

    /// Compares what was inflated with what the whole file gave up to the same place.
    private func check(_ point: AccessPoint) throws {
        if let inside = point.inside {
            guard state.pointee.crc == inside.checksum else {
                throw DelimitedTextError.corrupt(
                    file: path, offset: position, status: Int(ISAL_INCORRECT_CHECKSUM))
            }
            return
        }
        // The member's trailer, with its checksum, may not be read yet.
        while state.pointee.block_state != ISAL_BLOCK_FINISH {
            if state.pointee.avail_in == 0 { try refill() }
            guard state.pointee.avail_in > 0 || !inputEnded else {
                throw DelimitedTextError.truncated(file: path, offset: position)
            }
            let before = state.pointee.avail_in
            try inflateStep()
            guard state.pointee.avail_in < before || state.pointee.block_state == ISAL_BLOCK_FINISH else {
                throw DelimitedTextError.corrupt(
                    file: path, offset: position, status: Int(ISAL_INCORRECT_CHECKSUM))
            }
        }
    }
}

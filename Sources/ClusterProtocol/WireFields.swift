/// The fields of an encoded message, without decoding it.
package enum WireFields {
    /// A field's content.
    package enum Content {
        /// A number.
        case number(UInt64)
        /// A text, bytes or message.
        case bytes(UnsafeRawBufferPointer)
    }

    /// Calls `body` with every number and length-delimited field; stops at the first byte that makes no sense.
    @inline(__always)
    package static func forEach(_ bytes: UnsafeRawBufferPointer, _ body: (Int, Content) -> Void) {
        var place = 0
        while place < bytes.count {
            guard let tag = varint(bytes, &place) else { return }
            let field = Int(clamping: tag >> 3)
            switch tag & 7 {
            case 0:
                guard let number = varint(bytes, &place) else { return }
                body(field, .number(number))
            case 1: place += 8
            case 5: place += 4
            case 2:
                guard let length = varint(bytes, &place), length <= UInt64(bytes.count - place) else {
                    return
                }
                let end = place + Int(length)
                body(field, .bytes(UnsafeRawBufferPointer(rebasing: bytes[place..<end])))
                place = end
            default: return
            }
        }
    }

    /// The last message or text with the number `wanted`; nil if there is none.
    package static func content(_ wanted: Int, of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        forEach(bytes) { number, content in
            if number == wanted, case .bytes(let inner) = content { found = inner }
        }
        return found
    }

    private static func varint(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}

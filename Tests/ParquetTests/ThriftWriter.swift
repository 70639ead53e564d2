/// Writes structures in Thrift's compact protocol.
struct ThriftWriter {
    private(set) var bytes: [UInt8] = []
    private var last = [0]

    mutating func varint(_ value: UInt64) { bytes += Packing.varint(value) }

    mutating func raw(_ byte: UInt8) { bytes.append(byte) }

    mutating func field(_ number: Int, _ kind: UInt8) {
        let step = number - last[last.count - 1]
        if (1...15).contains(step) {
            bytes.append(UInt8(step) << 4 | kind)
        } else {
            bytes.append(kind)
            varint(Packing.zigzag(Int64(number)))
        }
        last[last.count - 1] = number
    }

    mutating func integer32(_ number: Int, _ value: Int) {
        field(number, 5)
        varint(Packing.zigzag(Int64(value)))
    }

    mutating func integer64(_ number: Int, _ value: Int) {
        field(number, 6)
        varint(Packing.zigzag(Int64(value)))
    }

    mutating func boolean(_ number: Int, _ value: Bool) { field(number, value ? 1 : 2) }

    mutating func string(_ number: Int, _ value: String) {
        field(number, 8)
        varint(UInt64(value.utf8.count))
        bytes += Array(value.utf8)
    }

    mutating func structure(_ number: Int, _ body: (inout ThriftWriter) -> Void) {
        field(number, 12)
        element(body)
    }

    /// A structure without a field header: an element of a list, or the outermost one.
    mutating func element(_ body: (inout ThriftWriter) -> Void) {
        last.append(0)
        body(&self)
        last.removeLast()
        bytes.append(0)
    }

    mutating func list(_ number: Int, count: Int, kind: UInt8 = 12) {
        field(number, 9)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | kind)
        } else {
            bytes.append(0xF0 | kind)
            varint(UInt64(count))
        }
    }
}

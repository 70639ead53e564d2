import Groundwork

/// Random values of a type: as PLAIN stores them (texts without their length) and as text.
struct Sample {
    var type: Int
    var length: Int?
    var converted: Int?
    var values: [[UInt8]]
    var texts: [String]

    /// The types with the encodings that the format has for them.
    static let encodings: [String: [Int]] = [
        "boolean": [0, 3], "int32": [0, 5, 8, 9], "int64": [0, 2, 5, 8, 9], "float": [0, 8, 9],
        "double": [0, 8, 9],
        "text": [0, 6, 7, 8], "fixed": [0, 7, 8, 9],
    ]

    /// All types with all their encodings.
    static let combinations: [(type: String, encoding: Int)] = encodings.keys.sorted().flatMap { type in
        (encodings[type] ?? []).map { (type, $0) }
    }

    init(_ name: String, count: Int, _ stream: inout RandomStream) {
        (values, texts) = ([], [])
        let numbers = ["boolean": 0, "int32": 1, "int64": 2, "float": 4, "double": 5, "text": 6, "fixed": 7]
        type = numbers[name] ?? 0
        length = name == "fixed" ? 4 : nil
        converted = name == "text" ? 0 : nil
        while values.count < count {
            let (value, text) = Self.value(name, &stream)
            // Runs as well as single values.
            for _ in 0..<(stream.nextInt(below: 3) == 0 ? 1 + stream.nextInt(below: 30) : 1)
            where values.count < count {
                values.append(value)
                texts.append(text)
            }
        }
    }

    private static func value(_ name: String, _ stream: inout RandomStream) -> ([UInt8], String) {
        let word = stream.next() >> UInt64(stream.nextInt(below: 64))
        switch name {
        case "boolean": return ([UInt8(word & 1)], word & 1 == 1 ? "True" : "False")
        case "int32":
            let value = Int32(truncatingIfNeeded: Int64(bitPattern: word))
            return (Packing.little(value), String(value))
        case "int64":
            let value = Int64(bitPattern: word &- 1)
            return (Packing.little(value), String(value))
        case "float":
            let value = Float(stream.nextInt(below: 100_000)) / 8
            return (Packing.little(value.bitPattern), "\(value)")
        case "double":
            let value = Double(stream.nextInt(below: 1_000_000)) / 64
            return (Packing.little(value.bitPattern), "\(value)")
        case "fixed":
            let text = "n" + String(1000 + stream.nextInt(below: 1000)).suffix(3)
            return (Array(text.utf8), text)
        default:
            let text = "patient/" + String(word, radix: 36)
            return (Array(text.utf8), text)
        }
    }

    /// The content of a page with the values in `range`; dictionary positions are those of ``dictionary``.
    func content(_ range: Range<Int>, encoding: Int) -> [UInt8] {
        let part = Array(values[range])
        if part.isEmpty { return [] }
        switch encoding {
        case 2, 8:
            let indices = Array(Packing.dictionary(values).indices[range])
            let width = Int.bitWidth - (Packing.dictionary(values).distinct.count - 1).leadingZeroBitCount
            return [UInt8(width)] + Packing.hybrid(indices, width: width)
        case 3: return Packing.levels(part.map { $0 == [1] })
        case 5: return Packing.delta(part.map(Self.integer))
        case 6: return Packing.deltaLength(part)
        case 7: return Packing.deltaBytes(part)
        case 9: return Packing.split(part)
        default: return plain(part)
        }
    }

    /// The dictionary's page.
    var dictionary: SampleFile.Page {
        let distinct = Packing.dictionary(values).distinct
        return .init(kind: 2, count: distinct.count, encoding: 0, content: plain(distinct))
    }

    private func plain(_ part: [[UInt8]]) -> [UInt8] {
        type == 0
            ? Packing.bits(part.map { $0 == [1] }) : type == 6 ? Packing.plain(part) : part.flatMap { $0 }
    }

    private static func integer(_ bytes: [UInt8]) -> Int64 {
        let word = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return bytes.count == 4 ? Int64(Int32(truncatingIfNeeded: word)) : Int64(bitPattern: word)
    }
}

extension SampleFile.Column {
    /// A column of `rows` random values in pages of random sizes, and the texts expected of it (nil: missing).
    static func random(
        _ name: String, _ type: String, encoding: Int, version: Int, codec: Int, rows: Int, isOptional: Bool,
        hasChecksum: Bool = true, _ stream: inout RandomStream
    ) -> (column: SampleFile.Column, texts: [String?]) {
        let present = (0..<rows).map { _ in !isOptional || stream.nextInt(below: 4) > 0 }
        let sample = Sample(type, count: present.filter { $0 }.count, &stream)
        var column = SampleFile.Column(
            name: name, type: sample.type, length: sample.length, repetition: isOptional ? 1 : 0,
            converted: sample.converted, codec: codec)
        if encoding == 2 || encoding == 8 { column.pages.append(sample.dictionary) }
        var (row, value) = (0, 0)
        while row < rows {
            let end = min(rows, row + 1 + stream.nextInt(below: 200))
            let levels = Array(present[row..<end])
            let count = levels.filter { $0 }.count
            column.pages.append(
                .init(
                    kind: version == 1 ? 0 : 3, count: end - row, encoding: encoding,
                    present: isOptional ? levels : nil,
                    content: sample.content(value..<(value + count), encoding: encoding),
                    hasChecksum: hasChecksum))
            (row, value) = (end, value + count)
        }
        var next = 0
        let texts = present.map { isPresent -> String? in
            guard isPresent else { return nil }
            defer { next += 1 }
            return sample.texts[next]
        }
        return (column, texts)
    }
}

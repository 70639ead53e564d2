import ClinicalData
import DelimitedText

/// Refuses texts that are no UTF-8 or hold a zero byte, which HDF5 cannot keep: looks at what each block adds to a table of texts, and finds the place of a bad one.
struct TextCheck {
    /// The file, for errors.
    let file: String
    /// Columns whose texts go into the table.
    let columns: [Int]
    /// How many texts have been looked at.
    private var checked = 0

    init(file: String, columns: [Int]) { (self.file, self.columns) = (file, columns) }

    /// Looks at the texts that are new; throws ``DatasetError/notUTF8(file:line:column:)`` and
    /// ``DatasetError/zeroByte(file:line:column:)``.
    mutating func check(_ texts: SymbolTable, after block: RowBlock, _ reader: any TableReader) throws {
        defer { checked = texts.count }
        guard let bad = texts.firstUnusableText(from: checked),
            let (row, column) = texts.withBytes(of: bad, { Self.place(of: $0, in: block, columns) })
        else { return }
        let (line, name) = (reader.line(of: row, in: block), reader.header[column])
        throw texts.withBytes(of: bad) { $0.contains(0) }
            ? DatasetError.zeroByte(file: file, line: line, column: name)
            : DatasetError.notUTF8(file: file, line: line, column: name)
    }

    /// Says that the table of texts was emptied.
    mutating func forget() { checked = 0 }

    private static func place(
        of text: UnsafeBufferPointer<UInt8>, in block: RowBlock, _ columns: [Int]
    ) -> (row: Int, column: Int)? {
        var scratch: [UInt8] = []
        for row in 0..<block.count {
            for column in columns {
                let (bytes, doubled) = block.field(row, column)
                if doubled {
                    RowBlock.unescape(bytes, into: &scratch)
                    if scratch.elementsEqual(text) { return (row, column) }
                } else if bytes.count == text.count, bytes.elementsEqual(text) {
                    return (row, column)
                }
            }
        }
        return nil
    }
}

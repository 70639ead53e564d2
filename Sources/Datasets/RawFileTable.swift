import ClinicalData
import DelimitedText
import Groundwork

/// Reads a file as its publisher gives it as the table that a ``RawForm`` makes of it.
///
/// A row of a patient whose id is the name of its column, or begins with `CDE_ID:`, belongs to the header (biospecimen tables
/// repeat it). Without a column for the patient, the number of the row is the id.
final class RawFileTable: TableReader {
    let header: [String]
    private let reader: RowReader
    private let form: RawForm
    /// Per column of the table its place in the file; nil for the number of the row.
    private let places: [Int?]
    private let patient: Int?
    private let filter: (place: Int, value: [UInt8])?
    private let nulls: Set<[UInt8]>
    private let longestNull: Int
    private let headings: [[UInt8]]
    private let writer: BlockWriter
    private let patients = SymbolTable()
    private var source: RowBlock?
    /// The next row of `source`, and those of its rows that are in the last block.
    private var nextRow = 0
    private var rows: [Int] = []
    private var rowsBefore = 0
    private var scratch: [UInt8] = []

    private static let columnIDs = Array("CDE_ID:".utf8)

    /// The columns of the table, as far as the file at `path` has them, with their places in it; throws `DelimitedTextError`.
    static func columns(_ path: String, _ form: RawForm, patient: String?) throws -> [(
        name: String, place: Int?
    )] {
        let header = try RowReader.readHeader(path).names
        return form.columns.compactMap { column in
            let place = column.candidates.lazy.compactMap { header.firstIndex(of: $0) }.first
            return place == nil && column.name != patient ? nil : (column.name, place)
        }
    }

    /// A reader of the file at `path` as a table whose patient's column is `patient`, nil for the row's number.
    ///
    /// Throws `DelimitedTextError`, `FileError`.
    init(_ path: String, _ form: RawForm, patient: String?) throws {
        reader = try RowReader(path: path)
        self.form = form
        let columns = try Self.columns(path, form, patient: patient)
        header = columns.map(\.name)
        places = columns.map(\.place)
        self.patient = patient.flatMap(header.firstIndex(of:))
        let names = reader.header
        filter = form.only.flatMap { only in
            names.firstIndex(of: only.column).map { ($0, Array(only.value.utf8)) }
        }
        nulls = Set((RawForm.emptyTexts + form.nulls).map { Array($0.utf8) })
        longestNull = nulls.map(\.count).max() ?? 0
        headings = form.columns.first { $0.name == patient }?.candidates.map { Array($0.utf8) } ?? []
        writer = BlockWriter(columns: header.count)
    }

    var bytesRead: Int { reader.bytesRead }

    func line(of row: Int, in block: RowBlock) -> Int {
        source.map { reader.line(of: rows[row], in: $0) } ?? 1
    }

    func rootCause(of error: any Error) -> any Error { reader.rootCause(of: error) }

    func next() throws -> RowBlock? {
        rowsBefore += rows.count
        rows = []
        writer.begin()
        while rows.isEmpty {
            if source.map({ nextRow >= $0.count }) ?? true {
                source = try reader.next()
                nextRow = 0
            }
            guard let source else { return nil }
            while nextRow < source.count, !writer.isFull {
                if append(nextRow, of: source) { rows.append(nextRow) }
                nextRow += 1
            }
        }
        return writer.block(firstRow: rowsBefore)
    }

    /// Adds a row; false for one that does not count.
    private func append(_ row: Int, of source: RowBlock) -> Bool {
        if let filter, !source.field(row, filter.place).bytes.elementsEqual(filter.value) { return false }
        if let patient, let place = places[patient] {
            let id = source.field(row, place).bytes
            if id.starts(with: Self.columnIDs) || headings.contains(where: { isHeading(id, $0) }) {
                return false
            }
            guard !form.isOneRowPerPatient || isNew(shortened(id)) else { return false }
        }
        for (column, place) in places.enumerated() {
            guard let place else {
                appendText(String(rowsBefore + rows.count))
                continue
            }
            let (bytes, doubled) = source.field(row, place)
            if isNull(bytes) {
                writer.appendEmpty()
            } else if doubled {
                RowBlock.unescape(bytes, into: &scratch)
                scratch.withUnsafeBufferPointer { writer.append($0, isLast: column == places.count - 1) }
            } else {
                writer.append(
                    column == patient ? shortened(bytes) : bytes, isLast: column == places.count - 1)
            }
        }
        return true
    }

    private func appendText(_ text: String) {
        var text = text
        text.withUTF8 { writer.append($0, isLast: false) }
    }

    /// Whether a cell is the name of a column, whose letters may be capitals.
    private func isHeading(_ cell: UnsafeBufferPointer<UInt8>, _ name: [UInt8]) -> Bool {
        cell.count == name.count && zip(cell, name).allSatisfy { $0 == $1 || $0 | 0x20 == $1 }
    }

    private func isNew(_ id: UnsafeBufferPointer<UInt8>) -> Bool {
        let count = patients.count
        return patients.intern(id).index == count
    }

    private func isNull(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
        !cell.isEmpty && cell.count <= longestNull && nulls.contains(Array(cell))
    }

    /// The patient's id in a cell of his column.
    private func shortened(_ id: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard let length = form.patientLength, id.count > length else { return id }
        // Bytes that go on with a character do not count.
        var count = 0
        for place in id.indices where id[place] & 0xC0 != 0x80 {
            if count == length { return UnsafeBufferPointer(rebasing: id[..<place]) }
            count += 1
        }
        return id
    }
}

import DelimitedText
import Groundwork

/// Reads notes with identifying texts (`x.text`) and the same notes without them (`x.res`) as one table of patient, note, words
/// and labels: PhysioNet's corpus for de-identification.
///
/// Both are files of records, see ``NoteFile``, in any order; every note must be in both. Rows are in order of patient and
/// note as numbers. Both files are held in memory: such corpora are marked by hand.
final class NoteTable: TableReader {
    let header = NoteTable.columns
    /// Bytes of both files.
    private let size: Int
    private let original: NoteFile
    private let deidentified: NoteFile
    /// Every note with the same one without identifying texts, in order.
    private let pairs: [(original: NoteFile.Record, deidentified: NoteFile.Record)]
    private let needsText: Bool
    private let writer = BlockWriter(columns: NoteTable.columns.count)
    private var nextRow = 0

    /// The names of the columns.
    static let columns = ["patient_id", "note_id", "text", "labels"]

    /// Whether the path is that of notes with identifying texts.
    static func isNotes(_ path: String) -> Bool { plain(path).hasSuffix(".text") }

    /// The two files, each with or without `.gz`; throws `DelimitedTextError.missingFile`.
    static func files(_ path: String) throws -> (original: String, deidentified: String) {
        (try ByteSources.resolve(path), try ByteSources.resolve(plain(path).dropLast(5) + ".res"))
    }

    private static func plain(_ path: String) -> String {
        ByteSources.isGzip(path) ? String(path.dropLast(3)) : path
    }

    /// A reader of the columns named `names`; throws ``DatasetError/badRecord(file:line:reason:)``, `DelimitedTextError`,
    /// `FileError`.
    init(_ path: String, columns names: [String]) throws {
        let paths = try Self.files(path)
        let (original, deidentified) = (try NoteFile(paths.original), try NoteFile(paths.deidentified))
        (self.original, self.deidentified) = (original, deidentified)
        needsText = names.contains("text") || names.contains("labels")
        size = try fileSize(paths.original) + fileSize(paths.deidentified)
        let partners = Dictionary(uniqueKeysWithValues: deidentified.records.map { ($0.key, $0) })
        pairs = try original.records.map { record in
            guard let partner = partners[record.key] else {
                throw original.bad(record.line, "\(deidentified.path) has no record of this patient and note")
            }
            return (record, partner)
        }.sorted { NoteFile.Key.precedes($0.0.key, $1.0.key) }
        if pairs.count < partners.count {
            let keys = Set(original.records.map(\.key))
            for record in deidentified.records where !keys.contains(record.key) {
                throw deidentified.bad(record.line, "\(original.path) has no record of this patient and note")
            }
        }
    }

    /// The part of both files that has become rows.
    var bytesRead: Int { size / pairs.count * nextRow + (nextRow == pairs.count ? size % pairs.count : 0) }

    func line(of row: Int, in block: RowBlock) -> Int { pairs[block.firstRow + row].original.line }

    func rootCause(of error: any Error) -> any Error { error }

    func next() throws -> RowBlock? {
        guard nextRow < pairs.count else { return nil }
        writer.begin()
        let first = nextRow
        while nextRow < pairs.count, !writer.isFull {
            try appendRow(pairs[nextRow].original, pairs[nextRow].deidentified)
            nextRow += 1
        }
        return writer.block(firstRow: first)
    }

    private func appendRow(_ record: NoteFile.Record, _ partner: NoteFile.Record) throws {
        append(record.key.patient)
        append(record.key.note)
        guard needsText else {
            writer.appendEmpty()
            return writer.appendEmpty()
        }
        let note = try original.text(of: record)
        let hidden = try HiddenSpans(original: note, deidentified: deidentified.text(of: partner))
        let words = LabelledWords(note, hidden)
        append(words.text)
        append(words.labels)
    }

    private func append(_ text: String) {
        var text = text
        text.withUTF8 { writer.append($0, isLast: false) }
    }
}

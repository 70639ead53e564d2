import ClinicalData

/// The entries of some samples as rows of equally many numbers, gaps included.
struct NumberMatrix {
    /// Per sample → rows, from 0.
    let offsets: [Int]
    /// Numbers per row, 1 for plain numbers; nil if there is no row.
    let width: Int?
    /// Whether the rows are lists; nil where an empty list does not tell.
    let isNested: Bool?
    /// The numbers row by row; NaN for missing ones.
    let values: [Double]

    /// The rows of a range of samples: a list of numbers, or of lists of numbers, per sample.
    ///
    /// Throws ``ProcessorError/raggedTensor(field:)`` for rows of different widths, ``ProcessorError`` for other kinds.
    init(_ column: FieldColumn, _ rows: Range<Int>, _ processor: String) throws {
        var column = column
        if column.offsets.isEmpty { column = try column.lists(2, processor) }
        guard column.offsets.count <= 2, column.hasNumbers else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: processor, expected: "a list of numbers, or of rows of numbers"
            )
        }
        let starts = column.offsets[0]
        let own = starts[rows.lowerBound]..<starts[rows.upperBound]
        offsets = starts[rows.lowerBound...rows.upperBound].map { $0 - own.lowerBound }
        if column.offsets.count == 2 {
            let widths = column.innerLengths(rows)
            width = widths.first
            guard widths.allSatisfy({ $0 == widths[0] }) else {
                throw ProcessorError.raggedTensor(field: column.name)
            }
            isNested = true
        } else {
            width = own.isEmpty ? nil : 1
            isNested = own.isEmpty ? nil : false
        }
        values = column.optionalNumbers(column.leafRange(rows), parsesTexts: false)
    }

    /// Fills gaps with the value above them, 0 at the start; each sample by itself.
    func filledForward() -> [Float] {
        let width = width ?? 0
        var filled = values.map { Float($0) }
        for (start, end) in zip(offsets, offsets.dropFirst()) {
            for place in (start * width)..<(end * width) where filled[place].isNaN {
                filled[place] = place < (start + 1) * width ? 0 : filled[place - width]
            }
        }
        return filled
    }
}

/// What the fit learns of a field of number rows: lists or plain numbers, and how many per row.
struct RowShape: Codable, Equatable, Sendable {
    /// nil until a sample tells.
    var isNested: Bool?
    /// Numbers per row; nil until a sample tells.
    var width: Int?

    /// Adds what all samples of a part have, whether they are learnt from or not; throws
    /// ``ProcessorError/raggedTensor(field:)`` for different widths.
    mutating func learn(_ column: FieldColumn, _ processor: String) throws {
        let matrix = try NumberMatrix(column, 0..<column.sampleCount, processor)
        let known = (isNested ?? matrix.isNested, width ?? matrix.width)
        guard matrix.isNested ?? known.0 == known.0, matrix.width ?? known.1 == known.1 else {
            throw ProcessorError.raggedTensor(field: column.name)
        }
        (isNested, width) = known
    }
}

extension FieldColumn {
    /// Whether the leaves are numbers, or there are none.
    fileprivate var hasNumbers: Bool {
        if case .symbols(let indices, _) = leaves { indices.isEmpty } else { true }
    }
}

package import ClinicalData

/// `tensor`: a number or an array of numbers to a tensor of that shape; NaN is kept.
///
/// `dtype` is `float32` (the default) or `int64` (stored as 32-bit whole numbers, truncated toward zero). Samples with
/// different shapes are refused in the fit, whether they are learnt from or not.
package struct TensorProcessor: FeatureProcessor, Equatable {
    /// The type of a tensor's elements.
    package enum Element: String, Codable, Sendable, CaseIterable { case float32, int64 }

    package static let name = "tensor"
    /// The type of the elements.
    package var dtype: Element
    /// The shape of every sample that is not empty; nil before the fit, and if all are.
    package private(set) var shape: [Int]?

    package init(dtype: Element = .float32) { self.dtype = dtype }
    package var axes: Int? { shape?.count }
    /// The number of elements of a sample.
    package var width: Int? { shape.map { $0.reduce(1, *) } }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        for row in 0..<column.sampleCount {
            let range = column.leafRange(row..<(row + 1))
            _ = try column.numbers(range, parsesTexts: false, Self.name)
            guard !range.isEmpty else { continue }
            guard let own = column.commonShape(row..<(row + 1)), own == shape ?? own else {
                throw ProcessorError.raggedTensor(field: column.name)
            }
            shape = own
        }
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let numbers = try column.numbers(column.leafRange(rows), parsesTexts: false, Self.name)
        guard let shape = rows.isEmpty ? shape ?? [] : column.commonShape(rows) else {
            throw ProcessorError.raggedTensor(field: column.name)
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: shape,
            values: try values(numbers, column.name), sampleCount: rows.count)
    }

    private func values(_ numbers: [Double], _ field: String) throws -> EncodedColumn.Values {
        switch dtype {
        case .float32: return .float32(numbers.map { Float($0) })
        case .int64:
            let missing = numbers.count { !$0.isFinite }
            guard missing == 0 else { throw ProcessorError.notNumbers(field: field, count: missing) }
            let whole = numbers.compactMap { Int32(exactly: $0.rounded(.towardZero)) }
            guard whole.count == numbers.count else {
                throw ProcessorError.tooLarge(field: field, count: numbers.count - whole.count)
            }
            return .int32(whole)
        }
    }
}

extension FieldColumn {
    /// The shape that a range of samples shares, nil if they differ.
    fileprivate func commonShape(_ rows: Range<Int>) -> [Int]? {
        var shape: [Int] = []
        var range = rows
        for level in offsets {
            guard let first = range.first else { return shape + [0] }
            let length = level[first + 1] - level[first]
            guard range.allSatisfy({ level[$0 + 1] - level[$0] == length }) else { return nil }
            shape.append(length)
            range = level[range.lowerBound]..<level[range.upperBound]
        }
        return shape
    }
}

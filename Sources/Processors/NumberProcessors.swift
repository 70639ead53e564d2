package import ClinicalData
import Foundation

/// `regression`: a number (or a text that is one) to float `[1]`.
package struct RegressionProcessor: FeatureProcessor, Equatable {
    package static let name = "regression"

    package init() {}
    package var size: Int? { 1 }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        guard column.offsets.isEmpty else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: Self.name, expected: "one number per sample")
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: [1],
            values: .float32(try floats(column, rows)), sampleCount: rows.count)
    }
}

/// `tensor`: a number or an array of numbers of one fixed shape to float32 of that shape.
package struct TensorProcessor: FeatureProcessor, Equatable {
    package static let name = "tensor"
    /// The width of a sample's last axis as seen in the fit; nil for single numbers.
    package var width: Int?

    package init() {}
    package var size: Int? { width }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        guard width == nil, let level = column.offsets.last, level.count > 1 else { return }
        width = level[1] - level[0]
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let values = try floats(column, column.leafRange(rows))
        guard let shape = commonShape(column, rows) else {
            throw ProcessorError.raggedTensor(field: column.name)
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: shape, values: .float32(values),
            sampleCount: rows.count)
    }

    /// The shape that all samples share, nil if they differ.
    private func commonShape(_ column: FieldColumn, _ rows: Range<Int>) -> [Int]? {
        var shape: [Int] = []
        var range = rows
        for level in column.offsets {
            let lengths = Set(range.map { level[$0 + 1] - level[$0] })
            guard lengths.count <= 1 else { return nil }
            shape.append(lengths.first ?? 0)
            range = level[range.lowerBound]..<level[range.upperBound]
        }
        return shape
    }
}

/// The leaves as floats; texts are parsed, blanks around them ignored.
private func floats(_ column: FieldColumn, _ leaves: Range<Int>) throws -> [Float] {
    switch column.leaves {
    case .numbers(let values): return values[leaves].map { Float($0) }
    case .integers(let values): return values[leaves].map { Float($0) }
    case .symbols(let indices, let dictionary):
        let parsed = dictionary.map { Float($0.trimmingCharacters(in: .whitespaces)) }
        var bad = 0
        let values = indices[leaves].map { index -> Float in
            if index != .max, let value = parsed[Int(index)] { return value }
            bad += 1
            return .nan
        }
        guard bad == 0 else { throw ProcessorError.notNumbers(field: column.name, samples: bad) }
        return values
    }
}

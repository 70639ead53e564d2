package import ClinicalData
import Foundation

/// `regression`: a number (or a text that is one, blanks around it ignored) to float `[1]`; NaN is kept.
package struct RegressionProcessor: FeatureProcessor, Equatable {
    package static let name = "regression"

    package init() {}
    package var size: Int? { 1 }
    package var axes: Int? { 1 }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        guard column.offsets.isEmpty else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: Self.name, expected: "one number per sample")
        }
        let numbers = try column.numbers(rows, parsesTexts: true, Self.name)
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: [1],
            values: .float32(numbers.map { Float($0) }), sampleCount: rows.count)
    }
}

extension FieldColumn {
    /// The leaves as numbers; throws ``ProcessorError/notNumbers(field:count:)`` for missing ones and for texts that are no
    /// numbers (for all texts unless `parsesTexts`).
    func numbers(_ range: Range<Int>, parsesTexts: Bool, _ processor: String) throws -> [Double] {
        let found: [Double]
        switch leaves {
        case .numbers(let values): found = Array(values[range])
        case .integers(let values):
            found = values[range].map { $0 == Self.missingInteger ? Self.missingNumber : Double($0) }
        case .symbols(let indices, let dictionary):
            let parsed = dictionary.map { parsesTexts ? Self.parse($0) : Self.missingNumber }
            found = indices[range].map {
                $0 == EventTable.missingSymbol ? Self.missingNumber : parsed[Int($0)]
            }
        }
        let missing = found.count { Self.isMissing($0) }
        guard missing == 0 else { throw ProcessorError.notNumbers(field: name, count: missing) }
        return found
    }

    /// A decimal number, `inf` or `nan`, else ``missingNumber``; hexadecimal numbers are none.
    private static func parse(_ text: String) -> Double {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.contains(where: { "xX(".contains($0) }) else { return missingNumber }
        return Double(trimmed) ?? missingNumber
    }
}

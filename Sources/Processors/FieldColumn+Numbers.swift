import ClinicalData
import Foundation

extension FieldColumn {
    /// The leaves as numbers; throws ``ProcessorError/notNumbers(field:count:)`` for missing ones and for texts that are no
    /// numbers (for all texts unless `parsesTexts`).
    func numbers(_ range: Range<Int>, parsesTexts: Bool, _ processor: String) throws -> [Double] {
        let found = optionalNumbers(range, parsesTexts: parsesTexts)
        let missing = found.count { Self.isMissing($0) }
        guard missing == 0 else { throw ProcessorError.notNumbers(field: name, count: missing) }
        return found
    }

    /// The leaves as numbers, ``missingNumber`` for missing ones and for texts that are no numbers (for all texts unless
    /// `parsesTexts`).
    func optionalNumbers(_ range: Range<Int>, parsesTexts: Bool) -> [Double] {
        switch leaves {
        case .numbers(let values): return Array(values[range])
        case .integers(let values):
            return values[range].map { $0 == Self.missingInteger ? Self.missingNumber : Double($0) }
        case .symbols(let indices, let dictionary):
            let parsed = dictionary.map { parsesTexts ? Self.parse($0) : Self.missingNumber }
            return indices[range].map {
                $0 == EventTable.missingSymbol ? Self.missingNumber : parsed[Int($0)]
            }
        }
    }

    /// A decimal number, `inf` or `nan`, else ``missingNumber``; hexadecimal numbers are none.
    private static func parse(_ text: String) -> Double {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.contains(where: { "xX(".contains($0) }) else { return missingNumber }
        return Double(trimmed) ?? missingNumber
    }
}

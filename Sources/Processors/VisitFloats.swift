import ClinicalData

/// Numbers per visit as rows of one width, with gaps filled.
///
/// A missing or unparsable number is NaN. With `fillsForward` an empty visit repeats the row before it as it was before any
/// filling (zeros at the start), then every column is filled from earlier rows, then every row from the left, and what is
/// left is 0. Without, missing numbers and empty visits are 0, and a NaN that was given stays.
struct VisitFloats {
    let width: Int
    let fillsForward: Bool

    /// The rows of lists of numbers one after the other; lists are at most `width` long.
    func rows(_ lists: ArraySlice<ArraySlice<Double>>) -> [Float] {
        var rows: [[Float]] = []
        rows.reserveCapacity(lists.count)
        for list in lists { rows.append(row(list, after: rows.last)) }
        if fillsForward { fill(&rows) }
        return rows.flatMap { $0 }
    }

    private func row(_ list: ArraySlice<Double>, after last: [Float]?) -> [Float] {
        let zeros = [Float](repeating: 0, count: width)
        guard !list.isEmpty else { return fillsForward ? last ?? zeros : zeros }
        let gap: Float = fillsForward ? .nan : 0
        let values = list.map { FieldColumn.isMissing($0) ? gap : Float($0) }
        return values + Array(repeating: gap, count: width - values.count)
    }

    private func fill(_ rows: inout [[Float]]) {
        for place in rows.indices {
            for column in 0..<width where place > 0 && rows[place][column].isNaN {
                rows[place][column] = rows[place - 1][column]
            }
        }
        for place in rows.indices {
            for column in 0..<width where rows[place][column].isNaN {
                rows[place][column] = column > 0 ? rows[place][column - 1] : .nan
            }
            for column in 0..<width where rows[place][column].isNaN { rows[place][column] = 0 }
        }
    }
}

extension FieldColumn {
    /// The innermost lists of numbers of a range of samples, texts parsed.
    func numberLists(_ rows: Range<Int>) -> [ArraySlice<Double>] {
        let numbers = optionalNumbers(leafRange(rows), parsesTexts: true)
        var start = 0
        return innerLengths(rows).map { length in
            defer { start += length }
            return numbers[start..<(start + length)]
        }
    }
}

import ClinicalData

extension FieldColumn {
    /// The leaves that belong to a range of samples.
    func leafRange(_ rows: Range<Int>) -> Range<Int> {
        var range = rows
        for level in offsets { range = level[range.lowerBound]..<level[range.upperBound] }
        return range
    }

    /// The offsets of every level for a range of samples, starting at 0.
    func rebasedOffsets(_ rows: Range<Int>) -> [[Int64]] {
        var range = rows
        return offsets.map { level in
            let base = level[range.lowerBound]
            let part = level[range.lowerBound...range.upperBound].map { Int64($0 - base) }
            range = level[range.lowerBound]..<level[range.upperBound]
            return part
        }
    }

    /// Calls `body` with the leaf range of every selected sample.
    func forEachSelected(_ selecting: [Bool]?, _ body: (Range<Int>) throws -> Void) rethrows {
        let bounds = leafBounds
        for row in 0..<sampleCount where selecting?[row] ?? true { try body(bounds[row]..<bounds[row + 1]) }
    }

    /// The lengths of the innermost lists of a range of samples; the column has at least two levels.
    func innerLengths(_ rows: Range<Int>) -> [Int] {
        guard let ends = offsets.last else { return [] }
        var range = rows
        for level in offsets.dropLast() { range = level[range.lowerBound]..<level[range.upperBound] }
        return range.map { ends[$0 + 1] - ends[$0] }
    }

    /// The length of the longest innermost list of the selected samples, at least 1; the column has at least two levels.
    func longestList(_ selecting: [Bool]?) -> Int {
        (0..<sampleCount).reduce(1) { longest, row in
            guard selecting?[row] ?? true else { return longest }
            return max(longest, innerLengths(row..<(row + 1)).max() ?? 0)
        }
    }

    /// This column with its innermost lists cut to their first `width` items.
    func cutting(to width: Int) -> FieldColumn {
        guard let ends = offsets.last, innerLengths(0..<sampleCount).contains(where: { $0 > width }) else {
            return self
        }
        let kept = zip(ends, ends.dropFirst()).map { $0..<min($1, $0 + width) }
        var result = self
        result.offsets[offsets.count - 1] = kept.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        switch leaves {
        case .symbols(let all, let dictionary):
            result.leaves = .symbols(kept.flatMap { all[$0] }, dictionary: dictionary)
        case .numbers(let all): result.leaves = .numbers(kept.flatMap { all[$0] })
        case .integers(let all): result.leaves = .integers(kept.flatMap { all[$0] })
        }
        return result
    }

    /// The symbols and their dictionary; throws for columns of numbers.
    func symbols(_ processor: String) throws -> (indices: [UInt32], dictionary: [String]) {
        switch leaves {
        case .symbols(let indices, let dictionary): return (indices, dictionary)
        case .numbers(let values) where values.isEmpty: return ([], [])
        case .integers(let values) where values.isEmpty: return ([], [])
        case .numbers, .integers:
            throw ProcessorError.wrongKind(field: name, processor: processor, expected: "codes")
        }
    }

    /// This column with `levels` levels of lists.
    ///
    /// A part without samples or with nulls only fits every field. As in PyHealth, a text in place of a list is the list of
    /// its characters, a null in place of a visit an empty visit. Throws ``ProcessorError/missingLists(field:samples:)`` for a
    /// null in place of a sample's only list, ``ProcessorError/wrongKind(field:processor:expected:)`` for anything else.
    func lists(_ levels: Int, _ processor: String) throws -> FieldColumn {
        if offsets.count == levels { return self }
        if sampleCount == 0 { return withoutItems(levels) }
        let wrongKind = ProcessorError.wrongKind(
            field: name, processor: processor, expected: Self.words(forLevels: levels))
        guard case .symbols(let indices, let dictionary) = leaves, offsets.count < levels else {
            throw wrongKind
        }
        if levels >= 2, offsets.isEmpty, indices.allSatisfy({ $0 == EventTable.missingSymbol }) {
            return withoutItems(levels)
        }
        guard offsets.count == levels - 1 else { throw wrongKind }
        if levels == 1 {
            let missing = indices.count { $0 == EventTable.missingSymbol }
            guard missing == 0 else { throw ProcessorError.missingLists(field: name, samples: missing) }
        }
        return spelled(indices, dictionary)
    }

    private static func words(forLevels levels: Int) -> String {
        switch levels {
        case 1: "one list per sample"
        case 2: "a list per visit"
        default: "a list per visit and group"
        }
    }

    /// As many samples without any item.
    func withoutItems(_ levels: Int) -> FieldColumn {
        var empty = Array(repeating: [0], count: levels)
        empty[0] = Array(repeating: 0, count: sampleCount + 1)
        return FieldColumn(name: name, offsets: empty, leaves: .symbols([], dictionary: []))
    }

    /// Every text as the list of its characters (code points).
    private func spelled(_ indices: [UInt32], _ dictionary: [String]) -> FieldColumn {
        var alphabet: [String] = []
        var places: [Unicode.Scalar: UInt32] = [:]
        let words = dictionary.map { text in
            text.unicodeScalars.map { scalar -> UInt32 in
                if let place = places[scalar] { return place }
                places[scalar] = UInt32(alphabet.count)
                alphabet.append(String(scalar))
                return UInt32(alphabet.count - 1)
            }
        }
        var leaves: [UInt32] = []
        var ends = [0]
        for index in indices {
            if index != EventTable.missingSymbol { leaves += words[Int(index)] }
            ends.append(leaves.count)
        }
        return FieldColumn(
            name: name, offsets: offsets + [ends], leaves: .symbols(leaves, dictionary: alphabet))
    }
}

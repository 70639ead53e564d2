/// Counts of people as they may be shown: fewer than 11 are not told.
///
/// The limit of 11 is that of the US Centers for Medicare & Medicaid Services' cell size policy.
package enum SmallCells {
    /// Counts from 1 to this minus 1 are hidden.
    package static let limit = 11

    /// Whether the share of `part` in a known `whole` may be told: from it either count follows.
    package static func mayShare(_ part: Int, of whole: Int) -> Bool {
        whole >= limit && !isSmall(part) && !isSmall(whole - part)
    }

    /// A count by itself.
    package static func text(_ count: Int) -> String {
        isSmall(count) ? "<\(limit)" : "\(count)"
    }

    /// Counts whose sum is known too: where exactly one would be hidden, the smallest of the others is withheld as well, so
    /// that it cannot be found by subtraction.
    package static func texts(addends: [Int]) -> [String] {
        var texts = addends.map(text)
        if let other = complement(addends, among: addends.indices) { texts[other] = withheld }
        return texts
    }

    /// A column of a total, what was taken from it, and the rest; nil cells do not apply.
    ///
    /// The rest is told elsewhere too (its parts are the splits), so it is never withheld: where no count taken out can
    /// hide another, the total is withheld.
    package static func texts(total: Int?, taken: [Int?], rest: Int?) -> [String] {
        let addends = (taken + [rest]).map { $0 ?? 0 }
        var texts = ([total] + taken + [rest]).map { $0.map(text) ?? "" }
        guard addends.count(where: isSmall) == 1 else { return texts }
        texts[complement(addends, among: taken.indices).map { $0 + 1 } ?? 0] = withheld
        return texts
    }

    /// What stands in the place of a count that would give another away.
    package static let withheld = "withheld"

    /// The smallest large count in `places`, the first of equal ones, if exactly one of all counts is small.
    private static func complement(_ counts: [Int], among places: Range<Int>) -> Int? {
        guard counts.count(where: isSmall) == 1 else { return nil }
        return places.filter { counts[$0] >= limit }.min { counts[$0] < counts[$1] }
    }

    private static func isSmall(_ count: Int) -> Bool { (1..<limit).contains(count) }
}

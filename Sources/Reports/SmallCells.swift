/// Counts of people as they may be shown: fewer than 11 are not told.
///
/// The limit of 11 is that of the US Centers for Medicare & Medicaid Services' cell size policy.
package enum SmallCells {
    /// Counts from 1 to this minus 1 are hidden.
    package static let limit = 11

    /// A count by itself.
    package static func text(_ count: Int) -> String {
        (1..<limit).contains(count) ? "<\(limit)" : "\(count)"
    }

    /// Counts whose sum is known too: where exactly one would be hidden, the smallest of the others is withheld as well, so
    /// that it cannot be found by subtraction.
    package static func texts(addends: [Int]) -> [String] {
        var texts = addends.map(text)
        let hidden = addends.indices.filter { (1..<limit).contains(addends[$0]) }
        if hidden.count == 1,
            let other = addends.indices.filter({ addends[$0] >= limit }).min(by: { addends[$0] < addends[$1] }
            )
        {
            texts[other] = "withheld"
        }
        return texts
    }
}

/// A vocabulary of medical codes by its name, for example `ICD9CM`.
package struct CodeSystem: Sendable, Hashable {
    /// The name as it stands in headers of map files.
    package let name: String

    /// The vocabulary called `name`.
    package init(_ name: String) { self.name = name }

    /// A code in the form in which maps list it.
    ///
    /// A code without a dot gets one: ICD9CM after 3 characters (4 if it begins with E), ICD9PROC after 2, ICD10CM after 3, if
    /// anything follows. Codes of other systems stay as they are; nothing is trimmed, folded or padded. Source: PyHealth
    /// `InnerMap.standardize`.
    package func standardized(_ code: String) -> String {
        let place: Int
        switch name {
        case "ICD9CM": place = code.hasPrefix("E") ? 4 : 3
        case "ICD9PROC": place = 2
        case "ICD10CM": place = 3
        default: return code
        }
        guard code.utf8.count > place, !code.utf8.contains(0x2E) else { return code }
        return "\(code.prefix(place)).\(code.dropFirst(place))"
    }
}

/// The levels of the Anatomical Therapeutic Chemical classification.
package enum ATC {
    /// A code cut to a level: 1, 3, 4, 5 characters for the levels 1 to 4, the whole code for level 5; a shorter code stays.
    package static func code(_ code: String, level: Int) -> String {
        precondition((1...5).contains(level), "ATC.code: level \(level), valid are 1 to 5")
        let lengths = [1, 3, 4, 5, Int.max]
        return String(code.prefix(lengths[level - 1]))
    }
}

import Foundation

/// The seven classes of identifying texts (protected health information) in a note.
enum IdentifierClass: String, CaseIterable {
    case age = "AGE"
    case date = "DATE"
    case contact = "CONTACT"
    case location = "LOCATION"
    case id = "ID"
    case profession = "PROFESSION"
    case name = "NAME"

    /// The class that a tag's inside (`Hospital 104` of `[**Hospital 104**]`) tells by its words; a name where it tells none.
    ///
    /// Source: PyHealth `classify_phi`; parts of words count, so that a holiday is a date for its "day" as well.
    init(tag: ArraySlice<UInt32>) {
        let inside = tag.trimmingBlanks()
        let text = Self.words(of: inside)
        let hasOne = { (parts: [String]) in parts.contains { text.contains($0) } }
        self =
            if hasOne(["year old", " yo ", " age "]) {
                .age
            } else if hasOne(Self.dateWords) || Self.isDayAndMonth(text) || Self.isNumber(inside) {
                .date
            } else if hasOne(Self.contactWords) {
                .contact
            } else if hasOne(Self.locationWords) {
                .location
            } else if hasOne(Self.idWords) || " \(text) ".contains(" id ") {
                .id
            } else if hasOne(Self.professionWords) {
                .profession
            } else {
                .name
            }
    }

    private static let dateWords = ["date", "month", "day", "year", "holiday"]
    private static let contactWords = ["phone", "fax", "email", "pager", "contact"]
    private static let locationWords = [
        "hospital", "location", "street", "county", "state", "country", "zip", "address", "ward", "room",
    ]
    private static let idWords = [
        "mrn", "medical record", "record number", "ssn", "account", "serial", "unit no", "unit number",
        "identifier",
    ]
    private static let professionWords = [
        "doctor", " dr ", " md ", "nurse", "attending", "resident", "profession", "service", "provider",
    ]

    /// Lower-case letters, digits and blanks; each run of anything else is one blank. Without blanks around it.
    private static func words(of tag: ArraySlice<UInt32>) -> String {
        var text = ""
        var isInRun = false
        for scalar in tag.string.lowercased().unicodeScalars {
            let isKept = ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == " "
            if isKept { text.unicodeScalars.append(scalar) } else if !isInRun { text += " " }
            isInRun = !isKept
        }
        return text.trimmingCharacters(in: .whitespaces)
    }

    /// Whether a text is `d d` or `d d d`: one or two digits each, the last two to four.
    private static func isDayAndMonth(_ text: String) -> Bool {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ $0.allSatisfy(\.isNumber) }) else {
            return false
        }
        return (1...2).contains(parts[0].count) && (1...2).contains(parts[1].count)
            && (parts.count == 2 || (2...4).contains(parts[2].count))
    }

    private static func isNumber(_ tag: ArraySlice<UInt32>) -> Bool {
        !tag.isEmpty
            && tag.allSatisfy { Unicode.Scalar($0)?.properties.generalCategory == .decimalNumber }
    }
}

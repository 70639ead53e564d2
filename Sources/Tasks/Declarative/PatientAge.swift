import ClinicalData
import Groundwork

/// How a data set tells the age of a patient.
struct PatientAge: Sendable {
    private enum Source: Sendable { case anchor, parts, year, date }

    private let table: String
    private let attribute: String
    private let source: Source

    /// Reads `table` and `born`; without them the table of patients and what it has of the usual attributes.
    init(_ node: ConfigurationNode, _ reader: TaskFileReader) throws {
        let table =
            try node.child("table").map(reader.table)
            ?? reader.firstTable(of: ["patients", "patient", "person"], node)
        let usual = ["dob", "anchor_age", "year_of_birth"]
        if let born = node.child("born") {
            attribute = try reader.attribute(born, of: table)
        } else {
            let found = usual.first(where: table.attributes.contains) ?? usual[0]
            attribute = try reader.attribute(found, node, of: table)
        }
        self.table = table.name
        switch attribute {
        case "anchor_age":
            source = .anchor
            _ = try reader.attribute("anchor_year", node, of: table)
        case "year_of_birth":
            let parts = BirthParts.attributes.filter(table.attributes.contains)
            for part in parts { _ = try reader.attribute(part, node, of: table) }
            source = parts.count == BirthParts.attributes.count ? .parts : .year
        default: source = .date
        }
    }

    /// Whole years; nil if the patient's row does not tell. Throws ``TaskError/unparsableTime(table:column:)``.
    func years(of patient: Patient, at time: Timestamp) throws -> Int? {
        guard let row = patient.events(table).first else { return nil }
        switch source {
        case .anchor:
            guard let age = number(row, attribute), let year = number(row, "anchor_year") else { return nil }
            return age + time.components.year - year
        case .parts: return try BirthParts.date(of: row).map { time.years(since: $0) }
        case .year: return number(row, attribute).map { time.components.year - $0 }
        case .date: return try row.time(attribute).map { time.years(since: $0) }
        }
    }

    /// A whole number that an age or a year can be.
    private func number(_ row: Event, _ attribute: String) -> Int? {
        row[attribute].flatMap { Int($0) }.flatMap { (-10_000...10_000).contains($0) ? $0 : nil }
    }
}

import ClinicalData

/// A date of birth in three columns, as OMOP has it; a month or day that is missing counts as the first.
enum BirthParts {
    /// The columns' names.
    static let attributes = ["year_of_birth", "month_of_birth", "day_of_birth"]

    /// The first moment of the day of birth; throws ``TaskError`` for parts that are no numbers or make no date.
    static func date(of person: Event) throws -> Timestamp? {
        guard let year = try person.integer("year_of_birth") else { return nil }
        let month = try person.integer("month_of_birth") ?? 1
        let day = try person.integer("day_of_birth") ?? 1
        let wrong = { (column: String) in TaskError.unparsableTime(table: person.type, column: column) }
        guard (1...9999).contains(year) else { throw wrong("year_of_birth") }
        guard (1...12).contains(month) else { throw wrong("month_of_birth") }
        guard (1...31).contains(day), case let birth = Timestamp(year: year, month: month, day: day),
            birth.components.day == day
        else { throw wrong("day_of_birth") }
        return birth
    }
}

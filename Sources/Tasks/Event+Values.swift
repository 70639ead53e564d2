import ClinicalData

extension Event {
    /// An attribute as a time, nil for null; throws ``TaskError/unparsableTime(table:column:)``.
    func time(_ attribute: String) throws -> Timestamp? {
        guard let time = withBytes(of: attribute, { Timestamp(iso: $0) }) else { return nil }
        guard let time else { throw TaskError.unparsableTime(table: type, column: attribute) }
        return time
    }

    /// 1 if this admission ended with the patient's death (`hospital_expire_flag` is "1"), else 0.
    var hospitalDeath: Int { self["hospital_expire_flag"] == "1" ? 1 : 0 }
}

extension Timestamp {
    /// Hours from `earlier` to this moment.
    func hours(since earlier: Timestamp) -> Double { Double(milliseconds(since: earlier)) / 1000 / 3600 }

    /// Whether this moment is less than `days` after `start`, strictly; a moment before it is less as well.
    func isLess(thanDays days: Double, after start: Timestamp) -> Bool {
        Double(milliseconds(since: start)) < days * 86_400_000
    }

    /// Whole days from `earlier` to this moment, rounded down.
    func days(since earlier: Timestamp) -> Int {
        let (quotient, rest) = milliseconds(since: earlier).quotientAndRemainder(dividingBy: 86_400_000)
        return Int(quotient) - (rest < 0 ? 1 : 0)
    }

    /// Whole years of a life that began at `birth`: the difference of the years, one less before the birthday.
    func years(since birth: Timestamp) -> Int {
        let (b, t) = (birth.components, components)
        return t.year - b.year - ((t.month, t.day) < (b.month, b.day) ? 1 : 0)
    }

    /// The moment a number of hours later.
    func adding(hours: Int) -> Timestamp {
        Timestamp(milliseconds: milliseconds + Int64(hours) * 3_600_000)
    }
}

import ClinicalData

/// The calendar date of a second since 1970-01-01T00:00:00.
func calendar(_ second: Int) -> (year: Int, month: Int, day: Int) {
    let c = Timestamp(milliseconds: Int64(second) * 1000).components
    return (c.year, c.month, c.day)
}

/// Seconds in a minute, an hour, a day.
enum Seconds {
    static let minute = 60
    static let hour = 3600
    static let day = 86_400
}

import ClinicalData

/// The ten classes of lengths of stay.
enum LengthOfStayClass {
    /// 0 below one whole day (also for negative stays), 1…7 the days, 8 for 8…14, 9 beyond.
    static func of(days: Int) -> Int {
        switch days {
        case ..<1: 0
        case ...7: days
        case ...14: 8
        default: 9
        }
    }
}

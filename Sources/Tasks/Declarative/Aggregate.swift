/// How several numbers or rows become one.
enum Aggregate: String, Sendable, CaseIterable {
    case first, last, min, max, mean, sum, count

    /// The aggregate of numbers in order of time; nil for none, except a count.
    func of(_ values: [Double]) -> Double? {
        switch self {
        case .first: values.first
        case .last: values.last
        case .min: values.min()
        case .max: values.max()
        case .mean: values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        case .sum: values.isEmpty ? nil : values.reduce(0, +)
        case .count: Double(values.count)
        }
    }
}

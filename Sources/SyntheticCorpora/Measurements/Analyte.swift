import Foundation

/// Something that is measured: its name in every layout, its distribution, and how it shows severity.
struct Analyte {
    let label: StaticString
    let fluid: StaticString
    let category: StaticString
    let unit: StaticString
    /// Reference range as printed; empty where there is none.
    let low: StaticString
    let high: StaticString
    /// A normal distribution, or, with a negative spread, a log-normal one of that logarithmic spread.
    let median: Double
    let spread: Double
    let decimals: Int
    /// Standard deviations that the mean moves per unit of severity.
    let effect: Double
    /// MIMIC-IV item.
    let item: Int
    /// Name in eICU; empty: it is not in eICU.
    var eicu: StaticString = ""
    /// OMOP concept; 0: it is not in OMOP.
    var concept = 0
    /// LOINC code.
    var loinc: StaticString = ""
    /// Of 256 rows, how many have no number.
    var missing = 3

    /// The value `deviations` standard deviations above the median.
    func value(_ deviations: Double) -> Double {
        let raw = spread < 0 ? median * exp(-spread * deviations) : median + spread * deviations
        return decimals == 0 ? raw.rounded() : raw
    }

    /// A value as it is printed; not below 0 unless the median is.
    func text(_ value: Double) -> String {
        String(format: "%.\(decimals)f", median < 0 ? value : max(0, value))
    }

    /// Whether a value lies outside the reference range.
    func isAbnormal(_ value: Double) -> Bool {
        guard let low = Double("\(low)"), let high = Double("\(high)") else { return false }
        return value < low || value > high
    }
}

extension StaticString {
    /// The text's bytes.
    var array: [UInt8] { Array("\(self)".utf8) }
}

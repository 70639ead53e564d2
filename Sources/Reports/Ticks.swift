import Foundation

/// Round numbers along an axis.
enum Ticks {
    /// Multiples of 1, 2 or 5 times a power of ten within `range`, at most `most` of them.
    static func values(_ range: ClosedRange<Double>, most: Int = 6) -> [Double] {
        let span = range.upperBound - range.lowerBound
        guard span > 0, span.isFinite else { return [range.lowerBound] }
        let power = pow(10, floor(log10(span / Double(most))))
        let step = [1.0, 2, 5, 10, 20].map { $0 * power }.first { span / $0 <= Double(most - 1) } ?? span
        let first = (range.lowerBound / step).rounded(.up)
        let last = (range.upperBound / step + 1e-9).rounded(.down)
        guard last >= first else { return [range.lowerBound] }
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }

    /// A number with as many decimals as a step between ticks needs.
    static func label(_ value: Double, step: Double) -> String {
        let decimals = max(0, min(6, Int(ceil(-log10(max(step, 1e-6)) - 1e-9))))
        let text = String(format: "%.\(decimals)f", value)
        return Double(text) == 0 && text.hasPrefix("-") ? String(text.dropFirst()) : text
    }
}

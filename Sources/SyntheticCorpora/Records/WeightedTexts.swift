import Groundwork

/// Texts with their shares.
struct WeightedTexts {
    private let texts: [[UInt8]]
    private let limits: [Double]

    /// Weights need not add up to 1. Texts are put between quotes if they need them.
    init(_ pairs: KeyValuePairs<StaticString, Double>) {
        texts = pairs.map { csvField("\($0.key)") }
        let all = pairs.reduce(0) { $0 + $1.value }
        var sum = 0.0
        limits = pairs.map { pair in
            sum += pair.value / all
            return sum
        }
    }

    /// A text.
    func draw(_ stream: inout RandomStream) -> [UInt8] {
        let target = stream.nextDouble()
        return texts[limits.firstIndex { target < $0 } ?? texts.count - 1]
    }
}

/// A cell as RFC 4180 wants it: between quotes if it holds a comma, a quote or a line break.
func csvField(_ text: String) -> [UInt8] {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return Array(text.utf8) }
    return Array("\"\(text.replacing("\"", with: "\"\""))\"".utf8)
}

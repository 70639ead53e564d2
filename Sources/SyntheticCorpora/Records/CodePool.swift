import Foundation
import Groundwork

/// A vocabulary of codes with Zipf-distributed frequencies, some of which raise or lower the risk.
struct CodePool {
    /// The code's fields as they stand in the table.
    let codes: [[UInt8]]
    /// +1, −1 or 0 per code.
    let risk: [Int]
    private let harmful: [Int]
    private let protective: [Int]
    private let cumulative: [Double]
    /// Where the search begins for each of so many equal shares of all draws.
    private let guideStarts: [Int]
    private static let guides = 2048
    /// Share of draws that come from the risky codes.
    private let riskShare: Double

    /// `count` codes made by `code`; `risky` of each sign (none: `riskShare` is 0) are spread over the more frequent half.
    init(count: Int, risky: Int, riskShare: Double, code: (Int) -> String) {
        codes = (0..<count).map { Array(code($0).utf8) }
        var risk = [Int](repeating: 0, count: count)
        let stride = max(1, count / 2 / max(1, 2 * risky))
        for k in 0..<(2 * risky) where 5 + k * stride < count { risk[5 + k * stride] = k % 2 == 0 ? 1 : -1 }
        self.risk = risk
        harmful = risk.indices.filter { risk[$0] > 0 }
        protective = risk.indices.filter { risk[$0] < 0 }
        self.riskShare = riskShare
        var sum = 0.0
        let cumulative = (0..<count).map { k in
            sum += 1 / pow(Double(k + 3), 1.05)
            return sum
        }
        self.cumulative = cumulative
        var place = 0
        guideStarts = (0...Self.guides).map { guide in
            let target = Double(guide) / Double(Self.guides) * sum
            while place < count - 1, cumulative[place] < target { place += 1 }
            return place
        }
    }

    /// A code; with a visit's severity s the risky draws are harmful with probability σ(s).
    func draw(_ stream: inout RandomStream, harmfulShare: Double) -> Int {
        if stream.nextDouble() < riskShare {
            let isHarmful = stream.nextDouble() < harmfulShare
            let place = stream.nextInt(below: isHarmful ? harmful.count : protective.count)
            return isHarmful ? harmful[place] : protective[place]
        }
        let share = stream.nextDouble()
        let target = share * (cumulative.last ?? 1)
        let guide = Int(share * Double(Self.guides))
        var (low, high) = (guideStarts[guide], guideStarts[guide + 1])
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] < target { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

import Groundwork
import Testing

/// Random numbers are a function of their key and position alone.
@Suite struct RandomStreamTests {
    /// The known answers of Random123 for Philox4x32-10.
    @Test func philoxGivesThePublishedNumbers() {
        let zero = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
        #expect([zero.0, zero.1, zero.2, zero.3] == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        let ones = Philox.block(counter: (.max, .max, .max, .max), key: (.max, .max))
        #expect([ones.0, ones.1, ones.2, ones.3] == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
        let pi = Philox.block(
            counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
        #expect([pi.0, pi.1, pi.2, pi.3] == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    }

    @Test func everyCoordinateChangesTheNumbers() {
        func first(_ stream: RandomStream) -> UInt64 {
            var copy = stream
            return copy.next()
        }
        let streams = [
            RandomStream(seed: 1, purpose: .dropout), RandomStream(seed: 2, purpose: .dropout),
            RandomStream(seed: 1, purpose: .split), RandomStream(seed: 1, purpose: .dropout, epoch: 1),
            RandomStream(seed: 1, purpose: .dropout, step: 1),
            RandomStream(seed: 1, purpose: .dropout, rank: 1),
            RandomStream(seed: 1, purpose: .dropout, layer: 1),
        ]
        #expect(Set(streams.map(first)).count == streams.count)
        #expect(first(streams[0]) == first(RandomStream(seed: 1, purpose: .dropout)))
    }

    @Test(arguments: 1...20) func numbersStayInTheirRange(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        for _ in 0..<1000 {
            let (float, double) = (stream.nextFloat(), stream.nextDouble())
            #expect(float >= 0 && float < 1 && double >= 0 && double < 1, "seed \(seed)")
        }
        let bound = 1 + stream.nextInt(below: 1000)
        #expect(
            (0..<1000).allSatisfy { _ in (0..<bound).contains(stream.nextInt(below: bound)) }, "seed \(seed)")
        #expect(stream.permutation(bound).sorted() == Array(0..<bound), "seed \(seed)")
    }

    @Test func meanAndVarianceAreThoseOfTheUniformDistribution() {
        var stream = RandomStream(seed: 3, purpose: .test)
        let values = (0..<100_000).map { _ in stream.nextDouble() }
        let mean = values.reduce(0, +) / 100_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
        // Five standard errors.
        #expect(abs(mean - 0.5) < 5 * 0.289 / 316)
        #expect(abs(variance - 1.0 / 12) < 5 * 0.0745 / 316)
    }
}

import Foundation
import Tensors
import Testing

/// The softmax family and the margin losses against their formulas in double precision.
@Suite struct SoftmaxTests {
    private let segments = Segments(lengths: [2, 0, 3])

    @Test func invalidElementsHaveNoShare() {
        var probe = Probe(5)
        let values = probe.values(4 * 19, to: 20)
        let valid = probe.flags(3 * 19) + Array(repeating: false, count: 19)
        let context = context()
        let x = context.tensor(values, shape: [4, 19])
        let shares = context.softmax(x, valid: valid).array
        let logarithms = context.logSoftmax(x, valid: valid).array
        for row in 0..<4 {
            let total = (0..<19).reduce(0.0) {
                $0 + (valid[row * 19 + $1] ? exp(Double(values[row * 19 + $1])) : 0)
            }
            for place in row * 19..<row * 19 + 19 {
                guard valid[place] else {
                    #expect(shares[place] == 0 && logarithms[place] == -.infinity)
                    continue
                }
                #expect(abs(Double(shares[place]) - exp(Double(values[place])) / total) < 1e-6)
                #expect(abs(Double(logarithms[place]) - Double(values[place]) + log(total)) < 1e-5)
            }
        }
    }

    @Test func nothingValidHasNoGradient() {
        let context = context(.training, records: true)
        let x = context.variable([1, 2], shape: [1, 2])
        let none = [false, false]
        let both = context.add(
            context.softmax(x, valid: none),
            context.choose(context.logSoftmax(x, valid: none), where: none, else: context.scale(x, 0)))
        context.backward(from: context.sum(both))
        #expect(x.gradient == [0, 0])
    }

    @Test(arguments: [1, 3, 20])
    func segmentLogSoftmaxIsTheLogarithm(_ columns: Int) {
        var probe = Probe(UInt64(columns))
        let context = context()
        let x = context.tensor(probe.values(5 * columns, to: 8), shape: [5, columns])
        let shares = context.segmentSoftmax(x, segments).array
        let logarithms = context.segmentLogSoftmax(x, segments).array
        #expect(largestDifference(logarithms, shares.map { log(Double($0)) }) < 1e-5)
    }

    @Test func segmentSoftmaxSkipsInvalidRows() {
        let valid = [true, false, true, false, true]
        var probe = Probe(6)
        let context = context()
        let x = context.tensor(probe.values(15), shape: [5, 3])
        let y = context.segmentSoftmax(x, segments, valid: valid)
        let kept = context.segmentSoftmax(
            context.gatherRows(x, rows: [0, 2, 4]), Segments(lengths: [1, 0, 2]))
        #expect(context.gatherRows(y, rows: [0, 2, 4]).array == kept.array)
        #expect(context.gatherRows(y, rows: [1, 3]).array.allSatisfy { $0 == 0 })
    }

    /// No point of the simplex is nearer: the difference to x is the same τ on the support and not above it elsewhere.
    @Test(arguments: [UInt64(1), 2, 3], [1, 2, 17, 40])
    func sparsemaxIsTheNearestPointOfTheSimplex(_ seed: UInt64, _ width: Int) {
        var probe = Probe(seed)
        let values = probe.values(6 * width, to: seed == 2 ? 0.3 : 3)
        let context = context()
        let y = context.sparsemax(context.tensor(values, shape: [6, width])).array
        for row in 0..<6 {
            let places = row * width..<(row + 1) * width
            #expect(abs(places.reduce(0.0) { $0 + Double(y[$1]) } - 1) < 1e-6)
            let gaps = places.filter { y[$0] > 0 }.map { Double(values[$0]) - Double(y[$0]) }
            let threshold = gaps[0]
            #expect(gaps.allSatisfy { abs($0 - threshold) < 1e-6 })
            #expect(places.allSatisfy { y[$0] > 0 || (y[$0] == 0 && Double(values[$0]) <= threshold + 1e-6) })
        }
    }

    @Test func sparsemaxOfExtremes() {
        let context = context()
        #expect(context.sparsemax(context.tensor([1e30, -.infinity, 0], shape: [1, 3])).array == [1, 0, 0])
        #expect(
            context.sparsemax(context.tensor([2, 2, 2, 2], shape: [1, 4])).array == [0.25, 0.25, 0.25, 0.25])
        for bad: Float in [.nan, .infinity] {
            let y = context.sparsemax(context.tensor([0, bad, 1], shape: [1, 3])).array
            #expect(y.allSatisfy { $0.isNaN })
        }
    }

    @Test func marginLossesFollowTheirFormulas() {
        var probe = Probe(4)
        let scores = probe.values(3 * 7, to: 2), targets = probe.integers(21, below: 2).map { Float($0) }
        let context = context()
        let x = context.tensor(scores, shape: [3, 7])
        let hinge = context.hinge(scores: x, targets: targets, margin: 0.7)
        let margin = context.multilabelMargin(scores: x, targets: targets)
        for row in 0..<3 {
            let places = row * 7..<row * 7 + 7
            let expected = places.reduce(0.0) {
                $0 + max(0, 0.7 - (2 * Double(targets[$1]) - 1) * Double(scores[$1]))
            }
            #expect(abs(Double(hinge.perSample[row]) - expected / 7) < 1e-6)
            var total = 0.0
            for own in places where targets[own] == 1 {
                for other in places where targets[other] == 0 {
                    total += max(0, 1 - Double(scores[own]) + Double(scores[other]))
                }
            }
            #expect(abs(Double(margin.perSample[row]) - total / 7) < 2e-6)
        }
        #expect(hinge.count == 3 && abs(hinge.total.item - hinge.perSample.reduce(0, +)) < 1e-6)
        // PyTorch's documented example: labels 3 and 0 of four
        let example = context.tensor([0.1, 0.2, 0.4, 0.8], shape: [1, 4])
        #expect(
            abs(context.multilabelMargin(scores: example, targets: [1, 0, 0, 1]).total.item - 0.85) < 1e-6)
        let undefined = context.tensor([.nan, 0], shape: [1, 2])
        #expect(context.hinge(scores: undefined, targets: [1, 0]).total.item.isNaN)
        #expect(context.multilabelMargin(scores: undefined, targets: [1, 0]).total.item.isNaN)
    }
}

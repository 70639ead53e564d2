import Foundation
import FoundationXML
import Groundwork
import Testing

@testable import Reports

/// Plots have round ticks within their axes and are well-formed whatever is drawn.
struct PlotTests {
    @Test func ticksAreRoundNumbersWithinTheAxis() {
        #expect(Ticks.values(0...100) == [0, 20, 40, 60, 80, 100])
        for seed in 0..<500 as Range<UInt64> {
            var stream = RandomStream(seed: seed, purpose: .test)
            let scale = pow(10, Double.random(in: -6...6, using: &stream))
            let low = Double.random(in: -1...1, using: &stream) * scale
            let range = low...(low + Double.random(in: 0.01...1, using: &stream) * scale)
            let ticks = Ticks.values(range)
            let slack = (range.upperBound - range.lowerBound) * 1e-6
            #expect((2...6).contains(ticks.count), "seed \(seed): \(ticks)")
            #expect(ticks.allSatisfy { $0 >= low - slack && $0 <= range.upperBound + slack }, "seed \(seed)")
            guard ticks.count > 1 else { continue }
            let step = ticks[1] - ticks[0]
            let leading = step / pow(10, floor(log10(step * (1 + 1e-9))))
            #expect([1, 2, 5].contains { abs(leading - $0) < 1e-6 }, "seed \(seed): step \(step)")
        }
    }

    @Test func labelsOfTicksHaveTheDecimalsOfTheirStep() {
        #expect(Ticks.label(0.30000000000000004, step: 0.1) == "0.3")
        #expect(Ticks.label(20, step: 10) == "20")
        #expect(Ticks.label(-0.00000001, step: 0.5) == "0.0")
        #expect(Ticks.label(0.125, step: 0.005) == "0.125")
    }

    @Test func anAxisWithoutLengthHasOneTick() {
        #expect(Ticks.values(3...3) == [3])
    }

    @Test(arguments: [
        [], [(x: 0.0, y: 0.0)], [(x: 2.0, y: 5.0), (x: 3.0, y: 5.0)],
        [(x: .nan, y: 1.0), (x: 1.0, y: .infinity)],
        [(x: -1e6, y: 1e-9), (x: 1e6, y: 2e-9)],
    ])
    func anySeriesGivesAWellFormedPlotWithoutUndefinedPlaces(points: [(x: Double, y: Double)]) throws {
        let marks: [Plot.Mark] = [.line, .dashed, .dots, .bars]
        let figure = Plot(
            title: "<a & \"b\">", xLabel: "x < 1", yLabel: "y & z",
            series: marks.enumerated().map { .init(name: "<\($0)>", mark: $1, points: points, color: $0) }
        ).figure()
        let parser = XMLParser(data: Data(figure.utf8))
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        #expect(!figure.contains("nan") && !figure.contains("inf"))
        #expect(figure.contains("&lt;0&gt;") && figure.contains("&lt;a &amp; &quot;b&quot;&gt;"))
    }
}

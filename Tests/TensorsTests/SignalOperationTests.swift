import Foundation
import Groundwork
import Tensors
import Testing

/// Fourier operators and the selective scan against their definitions, their gradients, and without neighbours.
@Suite struct SignalOperationTests {
    private static let ragged = Segments(lengths: [3, 0, 4, 1])

    static let cases: [GradientCase] = [
        GradientCase("frames", [[3, 17]]) { $0.frames($1[0], size: 5, hop: 3) },
        GradientCase("frames that overlap", [[2, 12]]) { $0.frames($1[0], size: 6, hop: 1) },
        GradientCase("realFourier", [[3, 8]]) { $0.realFourier($1[0], FourierBasis(size: 8)) },
        GradientCase("realFourier of odd rows, with a window", [[3, 7]]) {
            $0.realFourier($1[0], FourierBasis(size: 7, window: [0, 0.25, 0.75, 1, 0.75, 0.25, 0]))
        },
        GradientCase("magnitude", [[3, 8]]) { $0.magnitude($1[0]) },
        GradientCase("shortTimeFourier", [[2, 20]]) {
            $0.shortTimeFourier($1[0], FourierBasis(size: 8), hop: 4)
        },
        GradientCase("selectiveScan", [[8, 3], [8, 3], [3, 2], [8, 2], [8, 2], [3]]) {
            $0.selectiveScan($1[0], delta: $1[1], a: $1[2], b: $1[3], c: $1[4], skip: $1[5], ragged)
        },
    ]

    @Test(arguments: cases) func gradientsAreThoseOfDifferences(one: GradientCase) {
        #expect(one.largestError(seed: 5) < 2e-3, "\(one.name)")
    }

    @Test(arguments: [4, 7, 16, 50, 200]) func theTransformIsTheDefinition(size: Int) {
        var stream = RandomStream(seed: UInt64(size), purpose: .test)
        let signal = (0..<size).map { _ in stream.nextFloat() * 2 - 1 }
        let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
        let found = context.realFourier(
            context.tensor(signal, shape: [1, size]), FourierBasis(size: size)
        ).array
        let half = size / 2 + 1
        for k in 0..<half {
            var (re, im) = (0.0, 0.0)
            for (t, value) in signal.enumerated() {
                re += Double(value) * cos(2 * .pi * Double(k * t) / Double(size))
                im -= Double(value) * sin(2 * .pi * Double(k * t) / Double(size))
            }
            #expect(abs(Double(found[k]) - re) < 1e-5 * Double(size), "bin \(k)")
            #expect(abs(Double(found[half + k]) - im) < 1e-5 * Double(size), "bin \(k)")
        }
    }

    @Test func framesBeginEveryHop() {
        let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
        let x = context.tensor([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15], shape: [2, 6])
        #expect(context.frames(x, size: 3, hop: 2).array == [0, 1, 2, 2, 3, 4, 10, 11, 12, 12, 13, 14])
    }

    @Test func theScanIsTheRecurrenceForEverySampleAlone() {
        var stream = RandomStream(seed: 9, purpose: .test)
        func values(_ count: Int, _ scale: Float = 1) -> [Float] {
            (0..<count).map { _ in (stream.nextFloat() * 2 - 1) * scale }
        }
        let (channels, states) = (3, 2)
        let total = Self.ragged.total
        let (x, delta) = (values(total * channels), values(total * channels).map(abs))
        let a = values(channels * states).map { -abs($0) }
        let (b, c, skip) = (values(total * states), values(total * states), values(channels))
        func scan(_ rows: Range<Int>, _ segments: Segments) -> [Float] {
            let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
            func part(_ values: [Float], _ width: Int) -> Tensor {
                context.tensor(
                    Array(values[(rows.lowerBound * width)..<(rows.upperBound * width)]),
                    shape: [rows.count, width])
            }
            return context.selectiveScan(
                part(x, channels), delta: part(delta, channels),
                a: context.tensor(a, shape: [channels, states]), b: part(b, states), c: part(c, states),
                skip: context.tensor(skip, shape: [channels]), segments
            ).array
        }
        let whole = scan(0..<total, Self.ragged)
        for sample in 0..<Self.ragged.count where !Self.ragged[sample].isEmpty {
            let rows = Self.ragged[sample]
            let alone = scan(rows, Segments(lengths: [rows.count]))
            #expect(Array(whole[(rows.lowerBound * channels)..<(rows.upperBound * channels)]) == alone)
            var h = [Double](repeating: 0, count: channels * states)
            for t in rows {
                for d in 0..<channels {
                    var y = Double(skip[d] * x[t * channels + d])
                    for n in 0..<states {
                        let (i, rate) = (d * states + n, Double(delta[t * channels + d]))
                        h[i] =
                            exp(rate * Double(a[i])) * h[i]
                            + rate * Double(x[t * channels + d]) * Double(b[t * states + n])
                        y += Double(c[t * states + n]) * h[i]
                    }
                    #expect(abs(Double(whole[t * channels + d]) - y) < 1e-5, "step \(t), channel \(d)")
                }
            }
        }
    }
}

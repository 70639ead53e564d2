import Foundation
import Groundwork
import Kernels
import Testing

/// A function of one variable, its kernel and the numbers on which it is tried.
private struct Function: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kernel: @Sendable (Floats, MutableFloats, Int) -> Void
    let exact: @Sendable (Double) -> Double
    var ulps = 2.0

    func apply(_ x: [Float]) -> [Float] {
        var y = [Float](repeating: .nan, count: x.count)
        kernel(x, &y, x.count)
        return y
    }
}

private let functions = [
    Function(testDescription: "exp", kernel: { Kernel.exp($0, $1, $2) }, exact: { Foundation.exp($0) }),
    Function(testDescription: "log", kernel: { Kernel.log($0, $1, $2) }, exact: { Foundation.log($0) }),
    Function(testDescription: "log1p", kernel: { Kernel.log1p($0, $1, $2) }, exact: { Foundation.log1p($0) }),
    Function(testDescription: "tanh", kernel: { Kernel.tanh($0, $1, $2) }, exact: { Foundation.tanh($0) }),
    Function(
        testDescription: "sigmoid", kernel: { Kernel.sigmoid($0, $1, $2) },
        exact: { 1 / (1 + Foundation.exp(-$0)) }),
    Function(testDescription: "erf", kernel: { Kernel.erf($0, $1, $2) }, exact: { Foundation.erf($0) }),
]

/// The distance in units of the last place of the exact result's float.
private func ulps(_ got: Float, _ exact: Double) -> Double {
    let nearest = Float(exact)
    if got.isNaN || nearest.isNaN { return got.isNaN && nearest.isNaN ? 0 : .infinity }
    if got == nearest { return 0 }
    if nearest.isInfinite || got.isInfinite { return .infinity }
    return abs(Double(got) - exact) / Double(max(nearest.ulp, Float.leastNonzeroMagnitude))
}

/// Floats of every exponent and sign, `count` of them.
private func spread(_ count: Int) -> [Float] {
    (0..<count).map {
        Float(bitPattern: UInt32(truncatingIfNeeded: UInt64($0) * (1 << 32) / UInt64(count) + 12345))
    }
}

/// The bits of parameters after a step of every optimizer.
private func optimizerBits(_ x: [Float]) -> [UInt32] {
    let g = x.map { max(-2, min(2, $0)) }, count = g.count
    var bits: [UInt32] = []
    for centered in [false, true] {
        var p = [Float](repeating: 0.3, count: count), s = p, a = [Float](repeating: 0.1, count: count), b = a
        let pass = RMSpropPass(
            rate: 0.01, alpha: 0.99, epsilon: 1e-8, momentum: 0.9, decay: 0.01, gradientScale: 0.3)
        a.withUnsafeMutableBufferPointer { mean in
            Kernel.rmsprop(
                pass, p: &p, g: g, square: &s, mean: centered ? mean.baseAddress : nil, velocity: &b,
                count: count)
        }
        bits += (p + s + a + b).map(\.bitPattern)
    }
    var p = [Float](repeating: 0.3, count: count), s = p
    let pass = AdagradPass(
        step: 3, rate: 0.1, rateDecay: 0.1, epsilon: 1e-10, decay: 0.01, gradientScale: 0.3)
    Kernel.adagrad(pass, p: &p, g: g, sum: &s, count: count)
    return bits + (p + s).map(\.bitPattern)
}

/// The bits of every function, a product and a softmax.
private func sampleOfBits() -> [UInt32] {
    let x = spread(5_003).map { max(-90, min(90, $0)) }
    var y = [Float](repeating: 0, count: x.count)
    var bits: [UInt32] = []
    for function in functions {
        function.kernel(x, &y, x.count)
        bits += y.map { $0.isNaN ? 0 : $0.bitPattern }
    }
    for activation in Activation.allCases {
        Kernel.activation(activation, x, &y, x.count)
        var slope = [Float](repeating: 0, count: x.count)
        Kernel.activationPullback(activation, x: x, y: y, dy: x, dx: &slope, count: x.count, add: false)
        bits += (y + slope).map { $0.isNaN ? 0 : $0.bitPattern }
    }
    Kernel.segmentLogSoftmax(x, offsets: [0, 30, 70], into: &y, segments: 2, columns: 70)
    bits += y[..<4900].map { $0.isNaN ? 0 : $0.bitPattern } + optimizerBits(x)
    var c = [Float](repeating: 0, count: 70 * 70)
    for right in [MatrixView(x, rows: 70, columns: 70), MatrixView(x, rows: 70, columns: 70).transposed] {
        Kernel.multiply(MatrixView(x, rows: 70, columns: 70), right, into: &c, mode: .rowStable)
        Kernel.softmaxRows(c, &y, rows: 70, columns: 70)
        bits += c.map(\.bitPattern) + y.map(\.bitPattern)
    }
    return bits
}

/// The largest error of a function in the level in force, over every exponent and densely around zero.
private func worstError(_ function: Function) -> (ulps: Double, argument: Float) {
    let x = spread(120_000) + (0..<60_000).map { Float($0 - 30_000) / 1500 }
    var worst = (ulps: 0.0, argument: Float.nan)
    for (argument, got) in zip(x, function.apply(x)) {
        let error = ulps(got, function.exact(Double(argument)))
        if !(error <= worst.ulps) { worst = (error, argument) }
    }
    return worst
}

@Suite struct KernelTests {
    @Test(arguments: 1...30) func theFirstValueThatIsNoNumberIsFound(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let count = 1 + stream.nextInt(below: 1000)
        var values = (0..<count).map { _ in stream.nextFloat() * 2e38 - 1e38 }
        #expect(Kernel.firstNonFinite(values, count: count) == nil, "seed \(seed)")
        let places = (0..<2).map { _ in stream.nextInt(below: count) }
        for place in places { values[place] = [.nan, .infinity, -.infinity][stream.nextInt(below: 3)] }
        #expect(Kernel.firstNonFinite(values, count: count) == places.min(), "seed \(seed)")
    }

    @Test(arguments: functions)
    private func functionsAreWithinTwoUnitsInTheLastPlace(_ function: Function) {
        let worst = worstError(function)
        #expect(worst.ulps <= function.ulps, "\(worst.ulps) ulp at \(worst.argument)")
    }

    /// In processes of their own, since the level is the process's.
    @Test func slowerLevelsAreAsExact() async {
        await #expect(processExitsWith: .success) {
            Kernel.use(.avx2)
            for function in functions { #expect(worstError(function).ulps <= function.ulps) }
        }
        await #expect(processExitsWith: .success) {
            #expect(Kernel.use(.baseline) == .baseline)
            // without fused multiply-add
            for function in functions { #expect(worstError(function).ulps <= 3) }
        }
    }

    @Test(arguments: functions)
    private func extremesAreThoseOfTheExactFunction(_ function: Function) {
        let x: [Float] = [
            .infinity, -.infinity, .nan, 0, -0.0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            .leastNormalMagnitude, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 88.72284, 88.72283, -87.4,
            -103.9, -104, 1, -1, 16_777_216, -0.9999999,
        ]
        for (argument, got) in zip(x, function.apply(x)) {
            let exact = function.exact(Double(argument))
            #expect(ulps(got, exact) <= function.ulps, "\(argument): \(got) for \(exact)")
        }
    }

    @Test(arguments: Activation.allCases)
    func activationsDoNotDependOnThePlace(_ activation: Activation) {
        let x = spread(37).map { max(-50, min(50, $0)) }
        var all = [Float](repeating: 0, count: 37)
        Kernel.activation(activation, x, &all, 37)
        for start in 0..<37 {
            var part = [Float](repeating: 0, count: 37 - start)
            Kernel.activation(activation, Array(x[start...]), &part, 37 - start)
            #expect(part.map(\.bitPattern) == all[start...].map(\.bitPattern))
        }
    }

    @Test func softplusIsExactEverywhere() {
        let x = (0..<60_000).map { Float($0 - 30_000) / 300 } + [.infinity, -.infinity, .nan, 3e38, -3e38, 0]
        var y = x
        Kernel.activation(.softplus, x, &y, x.count)
        for (argument, got) in zip(x, y) {
            let exact = Double(argument)
            let expected = exact.isFinite ? max(exact, 0) + log1p(Foundation.exp(-abs(exact))) : max(exact, 0)
            #expect(argument.isNaN ? got.isNaN : ulps(got, expected) <= 3, "\(argument): \(got)")
        }
    }

    @Test(.enabled(if: Kernel.bestLevel == .avx512)) func fusedLevelsGiveTheSameBits() async {
        await #expect(processExitsWith: .success) {
            #expect(Kernel.level == .avx512)
            let first = sampleOfBits()
            #expect(Kernel.use(.avx2) == .avx2)
            #expect(sampleOfBits() == first)
        }
    }

    @Test func sumsAreNearTheExactOnes() {
        for count in [0, 1, 15, 16, 17, 1000] {
            var probe = Probe(UInt64(count))
            let x = probe.values(count), y = probe.values(count)
            let sum = x.reduce(0.0) { $0 + Double($1) }
            let dot = zip(x, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(abs(Double(Kernel.sum(x, count: count)) - sum) < 1e-4)
            #expect(abs(Double(Kernel.dot(x, y, count: count)) - dot) < 1e-4)
            #expect(abs(Kernel.sumOfSquares(x, count: count) - squares) < 1e-12 * Double(count + 1))
        }
    }

    @Test func firstNonFiniteNamesThePlace() {
        #expect(Kernel.firstNonFinite([1, 2, 3], count: 3) == nil)
        #expect(Kernel.firstNonFinite([1, .nan, .infinity], count: 3) == 1)
        #expect(Kernel.firstNonFinite([1, 2, -.infinity], count: 3) == 2)
    }

    @Test func softmaxOfMaskedRowIsEven() {
        var y = [Float](repeating: 0, count: 5)
        Kernel.softmaxRows([Float](repeating: -1e9, count: 5), &y, rows: 1, columns: 5)
        #expect(y == [Float](repeating: 0.2, count: 5))
        Kernel.softmaxRows([-1e9, 3, -1e9, 3, -1e9], &y, rows: 1, columns: 5)
        #expect(y == [0, 0.5, 0, 0.5, 0])
    }
}

@Suite struct SubnormalTests {
    @Test func gradientsFadeToZeroAndResultsDoNot() {
        let context = context(.training, records: true)
        let x = context.variable([1e-30, 1], shape: [2, 1])
        let y = context.scale(context.scale(x, 1e-20), 1e-20)
        #expect(context.scale(x, 1e-10).array[0] > 0)
        context.backward(from: context.sum(y))
        #expect(x.gradient == [0, 0])
        #expect(context.scale(x, 1e-10).array[0] > 0)
    }
}

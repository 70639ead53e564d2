import Kernels
import Tensors
import Testing

private let shapes = [
    (1, 1, 1), (1, 7, 3), (3, 1, 9), (7, 5, 0), (12, 32, 16), (13, 33, 17), (25, 48, 64), (31, 100, 300),
    (64, 16, 5), (100, 3, 700), (5, 130, 260), (13, 300, 40), (40, 260, 200),
]

@Suite struct ProductTests {
    @Test(arguments: [ProductMode.fast, .rowStable], [false, true])
    func equalsDoublePrecisionForEveryOrientation(_ mode: ProductMode, _ add: Bool) {
        for (index, (m, n, k)) in shapes.enumerated() {
            var probe = Probe(UInt64(index))
            let a = probe.values(m * k), b = probe.values(k * n), c = probe.values(m * n)
            let bias = probe.values(n)
            var expected = product(a, b, m, n, k)
            for i in expected.indices { expected[i] += Double(bias[i % n]) + (add ? Double(c[i]) : 0) }
            for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                var got = c
                let left = ta ? transpose(a, rows: m, columns: k) : a
                let right = tb ? transpose(b, rows: k, columns: n) : b
                let av =
                    ta
                    ? MatrixView(left, rows: k, columns: m).transposed : MatrixView(left, rows: m, columns: k)
                let bv =
                    tb
                    ? MatrixView(right, rows: n, columns: k).transposed
                    : MatrixView(right, rows: k, columns: n)
                Kernel.multiply(av, bv, into: &got, bias: bias, add: add, mode: mode)
                let tolerance = 1e-6 * Double(k + 4)
                #expect(largestDifference(got, expected) < tolerance, "\(m) \(n) \(k) \(ta) \(tb)")
            }
        }
    }

    /// The property on which predictions stand: a row alone has the bits it has in any company.
    @Test func aRowsBitsDoNotDependOnItsNeighbours() {
        for (seed, (n, k)) in [
            (1, 16), (1, 128), (2, 384), (7, 13), (16, 100), (33, 128), (128, 128), (384, 96), (50, 1000),
        ]
        .enumerated() {
            var probe = Probe(UInt64(seed))
            let rows = 61
            let a = probe.values(rows * k), b = probe.values(n * k), bias = probe.values(n)
            let multiply = { (from: Int, count: Int, transposed: Bool) -> [Float] in
                var c = [Float](repeating: 0, count: count * n)
                a.withUnsafeBufferPointer { a in
                    guard let base = a.baseAddress else { return }
                    let right =
                        transposed
                        ? MatrixView(b, rows: n, columns: k).transposed : MatrixView(b, rows: k, columns: n)
                    Kernel.multiply(
                        MatrixView(base + from * k, rows: count, columns: k), right, into: &c, bias: bias,
                        mode: .rowStable)
                }
                return c
            }
            for transposed in [false, true] {
                let all = multiply(0, rows, transposed)
                for (from, count) in [(0, 1), (60, 1), (7, 2), (3, 5), (11, 12), (20, 13), (30, 31), (0, 60)]
                {
                    let part = multiply(from, count, transposed)
                    #expect(
                        part == Array(all[from * n..<(from + count) * n]),
                        "n \(n) k \(k) rows \(from) + \(count)")
                }
            }
        }
    }

    @Test func refusesDifferentInnerDimensions() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.matmul(
                context.tensor([1, 2], shape: [1, 2]), context.tensor([1, 2, 3], shape: [3, 1]))
        }
    }
}

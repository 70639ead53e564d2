import ArgumentParser
import Groundwork
import Kernels
import Tensors

/// Measures single kernels.
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract:
            "Matrix products (own and OpenBLAS's), elementwise kernels, sorting and picking, optimizers.",
        discussion: "Example: pyhealth-bench kernels --only product --level avx2")

    @OptionGroup var options: ReportOptions

    func run() throws { try Report.run(products + elementwise + SelectionCases.all + optimizers, options) }

    private var products: [Case] {
        let shapes = [
            (32, 384, 128), (5, 384, 128), (32, 128, 128), (256, 128, 384), (1600, 384, 128),
            (1600, 128, 512),
            (384, 128, 1600), (50, 50, 32), (512, 512, 512), (1024, 1024, 1024),
        ]
        return shapes.flatMap { m, n, k -> [Case] in
            let a = memory(m * k), b = memory(n * k), c = memory(m * n)
            let work = Work.operations(2 * Double(m * n * k))
            let left = MatrixView(a, rows: m, columns: k)
            let right = MatrixView(b, rows: k, columns: n)
            let weights = MatrixView(b, rows: n, columns: k).transposed
            let own = { (name: String, right: MatrixView) in
                Case(name: "product \(name) \(m)x\(n)x\(k)", work: work) {
                    Kernel.multiply(left, right, into: c, mode: .rowStable)
                    return c[0]
                }
            }
            let library = Case(name: "product AB openblas \(m)x\(n)x\(k)", work: work) {
                LinearAlgebraLibrary.multiply(left, right, c, n)
                return c[0]
            }
            return [own("AB", right), own("ABᵀ", weights), library]
        }
    }

    private var elementwise: [Case] {
        let count = 1 << 20
        let x = memory(count), y = memory(count), rows = memory(count / 32)
        // read, the line fetched for writing, written
        let map = { (name: String, body: @escaping () -> Void) in
            Case(name: "\(name) 1M", work: .bytes(12 * Double(count))) {
                body()
                return y[0]
            }
        }
        let segments = Segments(lengths: (0..<163).map { _ in 50 } + [42])
        let stream = RandomStream(seed: 1, purpose: .dropout)
        let kept = UnsafeMutableRawPointer(memory(count / 4)).assumingMemoryBound(to: UInt8.self)
        return [
            map("exp") { Kernel.exp(x, y, count) },
            map("log1p") { Kernel.log1p(y, y, count) },
            map("tanh") { Kernel.tanh(x, y, count) },
            map("sigmoid") { Kernel.sigmoid(x, y, count) },
            map("gelu") { Kernel.activation(.gelu, x, y, count) },
            map("relu") { Kernel.activation(.relu, x, y, count) },
            map("softmax rows of 64") {
                Kernel.softmaxRows(x, y, rows: count / 64, columns: 64)
            },
            map("layer norm rows of 128") {
                Kernel.layerNorm(
                    x, weight: x, bias: x, epsilon: 1e-5, into: y,
                    statistics: rows, rows: count / 128, columns: 128)
            },
            map("segment softmax 50 rows of 128") {
                Kernel.segmentSoftmax(
                    x, offsets: segments.offsets, into: y, segments: segments.count, columns: 128)
            },
            Case(name: "dropout 205k", work: .bytes(14 * 204_800)) {
                Kernel.dropout(stream, probability: 0.1, x, into: y, kept: kept, count: 204_800)
                return y[0]
            },
        ]
    }

    private var optimizers: [Case] {
        [1 << 20, 5 << 20].flatMap { count in
            let p = memory(count), g = memory(count), m = memory(count), v = memory(count)
            v.update(repeating: 1, count: count)
            let pass = AdamPass(
                step: 3, rate: 1e-6, betas: (0.9, 0.999), epsilon: 1e-8, decay: 0, decoupled: false,
                gradientScale: 1)
            let rmsprop = RMSpropPass(
                rate: 1e-6, alpha: 0.99, epsilon: 1e-8, momentum: 0, decay: 0, gradientScale: 1)
            let adagrad = AdagradPass(
                step: 3, rate: 1e-6, rateDecay: 0, epsilon: 1e-10, decay: 0, gradientScale: 1)
            return [
                Case(name: "adam \(count >> 20)M", work: .bytes(28 * Double(count))) {
                    Kernel.adam(pass, p: p, g: g, m: m, v: v, count: count)
                    return p[0]
                },
                Case(name: "rmsprop \(count >> 20)M", work: .bytes(20 * Double(count))) {
                    Kernel.rmsprop(rmsprop, p: p, g: g, square: v, mean: nil, velocity: nil, count: count)
                    return p[0]
                },
                Case(name: "adagrad \(count >> 20)M", work: .bytes(20 * Double(count))) {
                    Kernel.adagrad(adagrad, p: p, g: g, sum: v, count: count)
                    return p[0]
                },
            ]
        }
    }
}

/// Memory for measurements, filled with numbers in [−1, 1); lives as long as the process.
func memory(_ count: Int) -> UnsafeMutablePointer<Float> {
    let block = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    let floats = block.bindMemory(to: Float.self, capacity: count)
    var stream = RandomStream(seed: UInt64(count), purpose: .test)
    for i in 0..<count { floats[i] = stream.nextFloat() * 2 - 1 }
    return floats
}

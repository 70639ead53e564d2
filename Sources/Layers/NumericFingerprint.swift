import Kernels
import Tensors

/// What this process's arithmetic gives on fixed inputs; two workers may train together when theirs are equal.
package struct NumericFingerprint: Sendable, Equatable {
    /// A digest of the results' bits.
    package let digest: UInt64
    /// The instruction level of the kernels: `baseline`, `avx2` or `avx512`.
    package let level: String
    /// The kernels of the linear algebra library.
    package let core: String

    /// What to tell people about slow kernels; nil where the machine has the instructions.
    package let notice: String?

    /// Digest, level and core on one line.
    package var description: String { String(digest, radix: 16) + " \(level) \(core)" }

    /// The fingerprint of this process; takes about a millisecond.
    package static func current() -> NumericFingerprint {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let add = { (tensor: Tensor) in
            for value in tensor.array { hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01b3 }
        }
        let pool = BufferPool()
        for mode in [ComputationMode.training, .evaluation] {
            let context = Context(mode: mode, recordsGradients: false, pool: pool)
            for (m, n, k) in [(32, 128, 128), (1, 64, 96), (45, 1, 200), (256, 96, 384), (7, 13, 5)] {
                let a = probe(context, m, k, 1), b = probe(context, n, k, 2), c = probe(context, k, n, 3)
                add(context.matmul(a, b, transposeB: true))
                add(context.matmul(a, c))
                add(context.matmul(probe(context, k, m, 4), c, transposeA: true))
            }
            let x = context.scale(probe(context, 37, 53, 5), 8)
            for function in Activation.allCases { add(context.activation(x, function)) }
            add(context.softmax(x))
            add(context.logSoftmax(x))
        }
        return NumericFingerprint(
            digest: hash, level: "\(Kernel.level)", core: LinearAlgebraLibrary.coreName, notice: Kernel.notice
        )
    }

    /// Fixed numbers in [−1, 1).
    private static func probe(_ context: Context, _ rows: Int, _ columns: Int, _ seed: UInt32) -> Tensor {
        var state = seed &* 2_654_435_769
        let values = (0..<rows * columns).map { _ -> Float in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(Int32(bitPattern: state) >> 8) * 0x1p-23
        }
        return context.tensor(values, shape: [rows, columns])
    }
}

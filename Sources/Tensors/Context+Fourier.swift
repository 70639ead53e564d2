import Foundation
import Kernels

extension Context {
    /// Pieces of every row: `size` values, beginning every `hop` values, as far as they fit whole.
    ///
    /// x `[R, T]` gives `[R · F, size]` with F = (T − size) / hop + 1 (whole division), the pieces of a row one after the
    /// other. The pullback adds where pieces overlap.
    package func frames(_ x: Tensor, size: Int, hop: Int) -> Tensor {
        require(
            size > 0 && hop > 0 && x.columns >= size, "frames: pieces of \(size) every \(hop) from \(x)"
        )
        let (columns, rows) = (x.columns, x.rows)
        let perRow = (columns - size) / hop + 1
        let y = result([rows * perRow, size], from: x)
        for row in 0..<rows {
            for frame in 0..<perRow {
                (y.values + (row * perRow + frame) * size)
                    .update(from: x.values + row * columns + frame * hop, count: size)
            }
        }
        record(y) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            for row in 0..<rows {
                for frame in 0..<perRow {
                    let (from, to) = (
                        gradient + (row * perRow + frame) * size, dx + row * columns + frame * hop
                    )
                    Kernel.scale(1, from, into: to, count: size, add: true)
                }
            }
        }
        return y
    }

    /// The discrete Fourier transform of real rows, its one side: X_k = Σ_t w_t x_t e^(−2πi k t / n), k = 0 … n/2.
    ///
    /// x `[N, n]` gives `[N, 2 (n/2 + 1)]`: all real parts, then all imaginary parts.
    package func realFourier(_ x: Tensor, _ basis: FourierBasis) -> Tensor {
        require(x.columns == basis.size, "realFourier: basis of \(basis.size) for \(x)")
        return matmul(x, tensor(basis.matrix, shape: [basis.size, 2 * basis.bins]))
    }

    /// √(re² + im²) of rows that hold all real parts, then all imaginary parts: `[N, 2 K]` gives `[N, K]`.
    ///
    /// The gradient at 0 is 0, as PyTorch's of `abs` of a complex number.
    package func magnitude(_ x: Tensor) -> Tensor {
        require(x.columns.isMultiple(of: 2), "magnitude: \(x) has no imaginary half")
        let (rows, half) = (x.rows, x.columns / 2)
        let y = result([rows, half], from: x)
        Kernel.magnitude(x.values, into: y.values, rows: rows, half: half)
        record(y) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            Kernel.magnitudePullback(x.values, y: y.values, dy: gradient, dx: dx, rows: rows, half: half)
        }
        return y
    }

    /// The short-time Fourier transform of every row: ``frames(_:size:hop:)``, then ``realFourier(_:_:)``; `[R, T]` gives
    /// `[R · F, 2 (n/2 + 1)]`. As PyTorch's `stft` with `center=False`, `onesided=True`, without normalisation.
    package func shortTimeFourier(_ x: Tensor, _ basis: FourierBasis, hop: Int) -> Tensor {
        realFourier(frames(x, size: basis.size, hop: hop), basis)
    }
}

/// The matrix of the discrete Fourier transform of real rows, computed in double precision; made once, used for many batches.
///
/// The transform is a product with it, so that a row's bits do not depend on the others: for the windows of clinical signals
/// (some hundred samples) that is as fast as a fast transform. Layout: `[n, 2 (n/2 + 1)]`: w_t cos(2π k t / n), then
/// −w_t sin(2π k t / n).
package struct FourierBasis: Sendable {
    /// Values per row, n.
    package let size: Int
    let matrix: [Float]

    /// Frequencies, n/2 + 1.
    package var bins: Int { size / 2 + 1 }

    /// The basis for rows of `size` values, each times its weight of `window` (ones by default).
    package init(size: Int, window: [Float]? = nil) {
        require(
            size > 0 && window?.count ?? size == size,
            "FourierBasis: \(window?.count ?? 0) weights for \(size)")
        self.size = size
        let bins = size / 2 + 1
        var matrix = [Float](repeating: 0, count: size * 2 * bins)
        for t in 0..<size {
            let weight = Double(window?[t] ?? 1)
            for k in 0..<bins {
                let angle = 2 * Double.pi * Double(k * t % size) / Double(size)
                matrix[t * 2 * bins + k] = Float(weight * cos(angle))
                matrix[t * 2 * bins + bins + k] = Float(-weight * sin(angle))
            }
        }
        self.matrix = matrix
    }
}

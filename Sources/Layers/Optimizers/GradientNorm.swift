import Kernels

/// The L2 norm of a flat block of gradients, and what clipping makes of it.
package enum GradientNorm {
    /// Floats whose squares are summed before the sums are.
    package static let block = 65_536

    /// The sum of squares of every block of 64 Ki floats, in double precision; lets ranks share the work with equal bits.
    package static func squares(of gradients: UnsafeBufferPointer<Float>) -> [Double] {
        guard let base = gradients.baseAddress else { return [] }
        return stride(from: 0, to: gradients.count, by: block).map { start in
            Kernel.sumOfSquares(base + start, count: min(block, gradients.count - start))
        }
    }

    /// √ of the sum of the blocks' squares in ascending order, times `scale`.
    package static func norm(of gradients: UnsafeBufferPointer<Float>, scale: Float = 1) -> Double {
        squares(of: gradients).reduce(0, +).squareRoot() * Double(scale)
    }

    /// The factor that brings a gradient of `norm` down to `maximum`: min(1, maximum / (norm + 1e-6)), as PyTorch's.
    package static func clipFactor(norm: Double, maximum: Double) -> Float {
        Float(min(1, maximum / (norm + 1e-6)))
    }
}

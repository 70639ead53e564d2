import Kernels

/// Weights in the order in which products read them, packed once for all computations between two changes of the parameters.
///
/// Whoever changes parameters takes a new one for what follows. Belongs to one thread.
package final class PackedWeights {
    private struct Key: Hashable {
        let values: UnsafeMutablePointer<Float>
        let isTransposed: Bool
    }

    private var matrices: [Key: PackedMatrix] = [:]

    /// Nothing is packed yet.
    package init() {}

    /// A parameter's packed matrix; packed at the first call.
    fileprivate func matrix(of weight: Tensor, isTransposed: Bool, _ pool: BufferPool) -> PackedMatrix {
        let key = Key(values: weight.values, isTransposed: isTransposed)
        if let known = matrices[key] { return known }
        let packed = PackedMatrix(weight, isTransposed: isTransposed, pool)
        matrices[key] = packed
        return packed
    }
}

/// A packed matrix and its memory.
final class PackedMatrix {
    private let buffer: Buffer
    /// Valid while this object lives.
    let panels: PanelMatrix

    init(_ matrix: Tensor, isTransposed: Bool, _ pool: BufferPool) {
        let view = isTransposed ? matrix.view.transposed : matrix.view
        buffer = pool.buffer(PanelMatrix.count(view))
        panels = PanelMatrix(view, into: buffer.floats)
    }
}

extension Context {
    /// A matrix, or its transposed, as the right-hand side of several products; a parameter is packed once for all computations
    /// that share ``packedWeights``.
    func packed(_ matrix: Tensor, isTransposed: Bool) -> PackedMatrix {
        guard let packedWeights, matrix.slot != nil else {
            return PackedMatrix(matrix, isTransposed: isTransposed, pool)
        }
        return packedWeights.matrix(of: matrix, isTransposed: isTransposed, pool)
    }
}

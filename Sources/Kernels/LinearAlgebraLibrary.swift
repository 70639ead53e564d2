import COpenBLAS

/// OpenBLAS, for machines that the own kernels do not serve and as a yardstick.
///
/// Its kernels are chosen by the processor's model when it is loaded (`OPENBLAS_CORETYPE` overrides that); processors that
/// it does not know get very slow ones, and a row's bits change with the number of rows. Hence the own products.
package enum LinearAlgebraLibrary {
    /// The kernels it chose, for example "SkylakeX".
    package static var coreName: String { String(cString: openblas_get_corename()) }

    /// Whether fast products are its: without fused multiply-add.
    package static var isPreferred: Bool {
        #if arch(x86_64)
            return Kernel.level == .baseline
        #else
            return false
        #endif
    }

    /// One thread for the whole process; parallelism is by processes and virtual ranks.
    private static let confined: Void = openblas_set_num_threads(1)

    /// C = A B (+ bias in every row) (+ C with `add`).
    package static func multiply(
        _ a: MatrixView, _ b: MatrixView, _ c: MutableFloats, _ stride: Int, _ bias: Floats? = nil,
        _ add: Bool = false
    ) {
        _ = confined
        if let bias {
            for row in 0..<a.rows {
                let target = c + row * stride
                Kernel.scale(1, bias, into: target, count: b.columns, add: add)
            }
        }
        let beta: Float = add || bias != nil ? 1 : 0
        cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans,
            b.isTransposed ? CblasTrans : CblasNoTrans,
            Int32(a.rows), Int32(b.columns), Int32(a.columns), 1, a.data, Int32(max(a.stride, 1)), b.data,
            Int32(max(b.stride, 1)), beta, c, Int32(stride))
    }
}

import CKernels

extension Kernel {
    /// y = x + v for every row.
    package static func addRow(_ x: Floats, _ v: Floats, into y: MutableFloats, rows: Int, columns: Int) {
        ck_add_row(x, v, y, rows, columns)
    }

    /// v += the sum of the rows, in row order; `stride` floats lie between them, by default without gaps.
    package static func sumRows(
        _ x: Floats, stride: Int? = nil, into v: MutableFloats, rows: Int, columns: Int
    ) {
        ck_sum_rows(x, stride ?? columns, v, rows, columns)
    }

    /// yᵣ = wᵣ xᵣ.
    package static func scaleRows(
        _ x: Floats, _ w: Floats, into y: MutableFloats, rows: Int, columns: Int, add: Bool = false
    ) {
        ck_scale_rows(x, w, y, rows, columns, add ? 1 : 0)
    }

    /// wᵣ = xᵣ · yᵣ.
    package static func dotRows(
        _ x: Floats, _ y: Floats, into w: MutableFloats, rows: Int, columns: Int, add: Bool = false
    ) {
        ck_dot_rows(x, y, w, rows, columns, add ? 1 : 0)
    }

    /// y = softmax of every row.
    package static func softmaxRows(_ x: Floats, _ y: MutableFloats, rows: Int, columns: Int) {
        ck_softmax_rows(x, y, rows, columns)
    }

    /// dx = factor · y (dy − y·dy) for every row.
    package static func softmaxRowsPullback(
        y: Floats, dy: Floats, dx: MutableFloats, rows: Int, columns: Int, factor: Float = 1, add: Bool
    ) {
        ck_softmax_rows_backward(y, dy, dx, rows, columns, factor, add ? 1 : 0)
    }

    /// y = log-softmax of every row.
    package static func logSoftmaxRows(_ x: Floats, _ y: MutableFloats, rows: Int, columns: Int) {
        ck_log_softmax_rows(x, y, rows, columns)
    }

    /// dx = dy − eʸ Σ dy for every row.
    package static func logSoftmaxRowsPullback(
        y: Floats, dy: Floats, dx: MutableFloats, rows: Int, columns: Int, add: Bool
    ) {
        ck_log_softmax_rows_backward(y, dy, dx, rows, columns, add ? 1 : 0)
    }

    /// y = w (x − mean) / √(variance + ε) + b per row, biased variance; `statistics` gets mean and 1/deviation per row.
    package static func layerNorm(
        _ x: Floats, weight: Floats, bias: Floats, epsilon: Float, into y: MutableFloats,
        statistics: MutableFloats, rows: Int, columns: Int
    ) {
        ck_layer_norm(x, weight, bias, epsilon, y, statistics, rows, columns)
    }

    /// Adds to `dWeight` and `dBias`, writes or adds to `dx` unless it is nil.
    package static func layerNormPullback(
        x: Floats, weight: Floats, statistics: Floats, dy: Floats, dx: MutableFloats?, dWeight: MutableFloats,
        dBias: MutableFloats, rows: Int, columns: Int, add: Bool
    ) {
        ck_layer_norm_backward(x, weight, statistics, dy, dx, dWeight, dBias, rows, columns, add ? 1 : 0)
    }

    /// Per row, the mean over the columns of −(p y ln σ(z) + (1 − y) ln(1 − σ(z))), and its derivative by z.
    package static func binaryCrossEntropy(
        logits: Floats, targets: Floats, positiveWeight: Floats?, loss: MutableFloats, slope: MutableFloats?,
        rows: Int, columns: Int
    ) {
        ck_binary_cross_entropy(logits, targets, positiveWeight, loss, slope, rows, columns)
    }
}

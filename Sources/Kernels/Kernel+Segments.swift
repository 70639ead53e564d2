import CKernels

extension Kernel {
    /// y = table rows; an index of 0 or less gives a zero row.
    package static func embed(
        table: Floats, indices: Indices, into y: MutableFloats, count: Int, columns: Int
    ) {
        ck_embed(table, indices, y, count, columns)
    }

    /// y = sum (or mean over the indices above 0; none: zero) of the table rows of each segment.
    package static func embedSegments(
        table: Floats, indices: Indices, offsets: Indices, into y: MutableFloats, segments: Int, columns: Int,
        mean: Bool
    ) {
        ck_embed_segments(table, indices, offsets, y, segments, columns, mean ? 1 : 0)
    }

    /// Adds the gradient of ``embedSegments`` to the table's.
    package static func embedSegmentsPullback(
        dTable: MutableFloats, indices: Indices, offsets: Indices, dy: Floats, segments: Int, columns: Int,
        mean: Bool
    ) {
        ck_embed_segments_backward(dTable, indices, offsets, dy, segments, columns, mean ? 1 : 0)
    }

    /// yᵢ = x[rowᵢ]; a negative row gives zeros. Strides are in floats per row.
    package static func gatherRows(
        _ x: Floats, stride: Int, rows: Indices, into y: MutableFloats, outputStride: Int, count: Int,
        columns: Int
    ) {
        ck_gather_rows(x, stride, rows, y, outputStride, count, columns)
    }

    /// dx[rowᵢ] += dyᵢ in ascending i.
    package static func scatterAddRows(
        _ dy: Floats, stride: Int, rows: Indices, into dx: MutableFloats, outputStride: Int, count: Int,
        columns: Int
    ) {
        ck_scatter_add_rows(dy, stride, rows, dx, outputStride, count, columns)
    }

    /// y = Σ wₙ xₙ over each segment's rows (all weights 1 without `weights`).
    package static func segmentSum(
        _ x: Floats, weights: Floats?, offsets: Indices, into y: MutableFloats, segments: Int, columns: Int
    ) {
        ck_segment_sum(x, weights, offsets, y, segments, columns)
    }

    /// dxₙ = wₙ dy of n's segment.
    package static func segmentSumPullback(
        dy: Floats, weights: Floats?, offsets: Indices, dx: MutableFloats, segments: Int, columns: Int,
        add: Bool
    ) {
        ck_segment_sum_backward(dy, weights, offsets, dx, segments, columns, add ? 1 : 0)
    }

    /// Softmax over each segment's rows, column by column.
    package static func segmentSoftmax(
        _ x: Floats, offsets: Indices, into y: MutableFloats, segments: Int, columns: Int
    ) {
        ck_segment_softmax(x, offsets, y, segments, columns)
    }

    /// The pullback of ``segmentSoftmax``.
    package static func segmentSoftmaxPullback(
        y: Floats, dy: Floats, offsets: Indices, dx: MutableFloats, segments: Int, columns: Int, add: Bool
    ) {
        ck_segment_softmax_backward(y, dy, offsets, dx, segments, columns, add ? 1 : 0)
    }

    /// Logarithm of softmax over each segment's rows, column by column.
    package static func segmentLogSoftmax(
        _ x: Floats, offsets: Indices, into y: MutableFloats, segments: Int, columns: Int
    ) {
        ck_segment_log_softmax(x, offsets, y, segments, columns)
    }

    /// The pullback of ``segmentLogSoftmax``: dx = dy − eʸ Σ dy.
    package static func segmentLogSoftmaxPullback(
        y: Floats, dy: Floats, offsets: Indices, dx: MutableFloats, segments: Int, columns: Int, add: Bool
    ) {
        ck_segment_log_softmax_backward(y, dy, offsets, dx, segments, columns, add ? 1 : 0)
    }

    /// For every segment and column the first row with the largest `sign` · x, NaN above all; −1 for an empty segment.
    package static func segmentLargest(
        _ x: Floats, sign: Float, offsets: Indices, into rows: UnsafeMutablePointer<Int32>, segments: Int,
        columns: Int
    ) {
        ck_segment_largest(x, sign, offsets, rows, segments, columns)
    }
}

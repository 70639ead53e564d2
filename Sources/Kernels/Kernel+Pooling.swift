import CKernels

extension Kernel {
    /// y = the largest value of each column over the rows of every window, `from` its row (−1 for an empty window, y = 0).
    ///
    /// Window i holds the rows rows[offsets[i]..<offsets[i + 1]]. The first of equal values counts; NaN wins.
    package static func maxPool(
        _ x: Floats, offsets: Indices, rows: Indices, into y: MutableFloats,
        from: UnsafeMutablePointer<Int32>, windows: Int, columns: Int
    ) {
        ck_max_pool(x, offsets, rows, y, from, windows, columns)
    }

    /// Adds dy to dx at the row that ``maxPool`` chose.
    package static func maxPoolPullback(
        dy: Floats, from: Indices, dx: MutableFloats, windows: Int, columns: Int
    ) {
        ck_max_pool_backward(dy, from, dx, windows, columns)
    }

    /// y = shareᵢ Σ of the rows of window i.
    package static func meanPool(
        _ x: Floats, offsets: Indices, rows: Indices, share: Floats, into y: MutableFloats, windows: Int,
        columns: Int
    ) {
        ck_mean_pool(x, offsets, rows, share, y, windows, columns)
    }

    /// Adds shareᵢ dyᵢ to the rows of window i.
    package static func meanPoolPullback(
        dy: Floats, offsets: Indices, rows: Indices, share: Floats, dx: MutableFloats, windows: Int,
        columns: Int
    ) {
        ck_mean_pool_backward(dy, offsets, rows, share, dx, windows, columns)
    }
}

import CKernels

extension Kernel {
    /// Mean and biased variance of every column, rows summed in fixed blocks.
    package static func columnMoments(
        _ x: Floats, mean: MutableFloats, variance: MutableFloats, rows: Int, columns: Int
    ) {
        ck_column_moments(x, mean, variance, rows, columns)
    }

    /// y = (x − mean) · scale + shift, column by column.
    package static func affineRows(
        _ x: Floats, mean: Floats, scale: Floats, shift: Floats, into y: MutableFloats, rows: Int,
        columns: Int
    ) {
        ck_affine_rows(x, mean, scale, shift, y, rows, columns)
    }

    /// Per column Σ dy and Σ dy (x − mean).
    package static func columnProducts(
        dy: Floats, x: Floats, mean: Floats, sum: MutableFloats, product: MutableFloats, rows: Int,
        columns: Int
    ) {
        ck_column_products(dy, x, mean, sum, product, rows, columns)
    }

    /// dx = a dy + b (x − mean) + c, column by column.
    package static func affinePair(
        dy: Floats, x: Floats, mean: Floats, a: Floats, b: Floats, c: Floats, dx: MutableFloats, rows: Int,
        columns: Int, add: Bool
    ) {
        ck_affine_pair(dy, x, mean, a, b, c, dx, rows, columns, add ? 1 : 0)
    }
}

import CKernels
import COpenBLAS

/// A matrix in plain memory: element (row, column) stands at `data[row * rowStride + column * columnStride]`.
package struct MatrixView {
    package let data: Floats
    package let rows: Int
    package let columns: Int
    package let rowStride: Int
    package let columnStride: Int

    /// A row-major matrix whose rows are `stride` floats apart.
    package init(_ data: Floats, rows: Int, columns: Int, stride: Int? = nil) {
        self.data = data
        self.rows = rows
        self.columns = columns
        rowStride = stride ?? columns
        columnStride = 1
    }

    private init(_ data: Floats, rows: Int, columns: Int, rowStride: Int, columnStride: Int) {
        self.data = data
        self.rows = rows
        self.columns = columns
        self.rowStride = rowStride
        self.columnStride = columnStride
    }

    /// The same memory read as the transposed matrix.
    package var transposed: MatrixView {
        MatrixView(data, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride)
    }
}

/// How matrix products are computed.
package enum ProductMode: Sendable {
    /// As fast as possible: equal calls give equal bits.
    case fast
    /// Every element is one chain of multiply-adds over ascending k: a row's bits do not depend on the other rows.
    case rowStable
}

extension Kernel {
    /// C = A B (+ bias in every row) (+ C with `add`), C row-major with rows `stride` floats apart.
    package static func multiply(
        _ a: MatrixView, _ b: MatrixView, into c: MutableFloats, stride: Int? = nil, bias: Floats? = nil,
        add: Bool = false, mode: ProductMode
    ) {
        precondition(
            a.columns == b.rows,
            "product: inner dimensions differ, [\(a.rows), \(a.columns)], [\(b.rows), \(b.columns)]")
        let stride = stride ?? b.columns
        guard a.rows > 0, b.columns > 0 else { return }
        switch mode {
        case .rowStable: multiplyStably(a, b, c, stride, bias, add)
        case .fast: multiplyFast(a, b, c, stride, bias, add)
        }
    }

    private static func multiplyStably(
        _ a: MatrixView, _ b: MatrixView, _ c: MutableFloats, _ stride: Int, _ bias: Floats?, _ add: Bool
    ) {
        let size = ck_gemm_scratch(a.rows, b.columns, a.columns)
        withUnsafeTemporaryAllocation(byteCount: size * 4, alignment: 64) { scratch in
            let left = ck_matrix(data: a.data, row_stride: a.rowStride, column_stride: a.columnStride)
            let right = ck_matrix(data: b.data, row_stride: b.rowStride, column_stride: b.columnStride)
            ck_gemm(
                a.rows, b.columns, a.columns, left, right, bias, c, stride, add ? 1 : 0,
                scratch.baseAddress?.assumingMemoryBound(to: Float.self))
        }
    }

    private static func multiplyFast(
        _ a: MatrixView, _ b: MatrixView, _ c: MutableFloats, _ stride: Int, _ bias: Floats?, _ add: Bool
    ) {
        if let bias {
            for row in 0..<a.rows {
                let target = c + row * stride
                if add {
                    combine(1, target, 1, bias, into: target, count: b.columns)
                } else {
                    target.update(from: bias, count: b.columns)
                }
            }
        }
        let accumulate = add || bias != nil
        let left = BLASOperand(a), right = BLASOperand(b)
        cblas_sgemm(
            CblasRowMajor, left.order, right.order, Int32(a.rows), Int32(b.columns), Int32(a.columns), 1, a.data,
            left.leadingDimension, b.data, right.leadingDimension, accumulate ? 1 : 0, c,
            Int32(stride))
    }
}

/// How the library is told to read a matrix.
private struct BLASOperand {
    let order: CBLAS_TRANSPOSE
    /// At least the length of a stored row, also where there is one row only and its stride says nothing.
    let leadingDimension: Int32

    init(_ view: MatrixView) {
        let isPlain = view.columnStride == 1
        order = isPlain ? CblasNoTrans : CblasTrans
        let stride = isPlain ? view.rowStride : view.columnStride
        leadingDimension = Int32(max(stride, isPlain ? view.columns : view.rows, 1))
    }
}

/// The linear algebra library that computes fast products.
package enum LinearAlgebraLibrary {
    /// Confines the library to one thread for the whole process; parallelism is by processes and virtual ranks.
    package static func confineToOneThread() { openblas_set_num_threads(1) }

    /// The kernels it chose, for example "SkylakeX".
    package static var coreName: String { String(cString: openblas_get_corename()) }
}

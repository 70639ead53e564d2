import CKernels

/// A matrix in plain memory, row-major or read as the transposed of a row-major one.
package struct MatrixView {
    package let data: Floats
    package let rows: Int
    package let columns: Int
    /// Floats between the rows of the memory.
    package let stride: Int
    /// Whether element (row, column) stands at `data[column * stride + row]` instead of `data[row * stride + column]`.
    package let isTransposed: Bool

    /// A row-major matrix whose rows are `stride` floats apart.
    package init(_ data: Floats, rows: Int, columns: Int, stride: Int? = nil) {
        self.init(data, rows, columns, stride ?? columns, isTransposed: false)
    }

    private init(_ data: Floats, _ rows: Int, _ columns: Int, _ stride: Int, isTransposed: Bool) {
        self.data = data
        self.rows = rows
        self.columns = columns
        self.stride = stride
        self.isTransposed = isTransposed
    }

    /// The same memory read as the transposed matrix.
    package var transposed: MatrixView {
        MatrixView(data, columns, rows, stride, isTransposed: !isTransposed)
    }

    var matrix: ck_matrix {
        ck_matrix(data: data, row_stride: isTransposed ? 1 : stride, column_stride: isTransposed ? stride : 1)
    }
}

/// A right-hand matrix in the order in which products read it, which pays where several products share it.
package struct PanelMatrix {
    fileprivate let panels: Floats
    /// k of the product.
    package let rows: Int
    /// n of the product.
    package let columns: Int

    /// The floats that ``init(_:into:)`` writes.
    package static func count(_ view: MatrixView) -> Int {
        Kernel.panelCount(rows: view.rows, columns: view.columns)
    }

    /// `view` copied to `panels`, which must outlive the matrix.
    package init(_ view: MatrixView, into panels: MutableFloats) {
        Kernel.packPanels(view, into: panels)
        self.panels = UnsafePointer(panels)
        rows = view.rows
        columns = view.columns
    }
}

/// How matrix products are computed.
package enum ProductMode: Sendable {
    /// As fast as possible: equal calls give equal bits.
    case fast
    /// Every element depends on its row and column alone, so that a row's bits do not depend on the other rows.
    case rowStable
}

extension Kernel {
    /// C = A B (+ bias in every row) (+ C with `add`), C row-major with rows `stride` floats apart.
    ///
    /// An element is one chain of fused multiply-adds over ascending k (16 interleaved ones when B has one column),
    /// however the work is cut into tiles; so both modes give the same bits, on AVX2 and AVX-512 alike. Only where the
    /// machine has no fused multiply-add, fast products are left to OpenBLAS.
    package static func multiply(
        _ a: MatrixView, _ b: MatrixView, into c: MutableFloats, stride: Int? = nil, bias: Floats? = nil,
        add: Bool = false, mode: ProductMode
    ) {
        precondition(
            a.columns == b.rows,
            "product: inner dimensions differ, [\(a.rows), \(a.columns)], [\(b.rows), \(b.columns)]")
        let stride = stride ?? b.columns
        guard a.rows > 0, b.columns > 0 else { return }
        if mode == .fast && LinearAlgebraLibrary.isPreferred {
            LinearAlgebraLibrary.multiply(a, b, c, stride, bias, add)
        } else {
            ck_gemm(a.rows, b.columns, a.columns, a.matrix, b.matrix, bias, c, stride, add ? 1 : 0)
        }
    }

    /// C = A B (+ bias in every row) (+ C with `add`); the bits are those of the product with B as it was, where that has more
    /// than one column.
    ///
    /// A's columns are cut into spans of equal length that begin at `spans` of its rows, by default into one; B's rows belong
    /// to the spans one after another.
    package static func multiply(
        _ a: MatrixView, spans: [Int] = [0], _ b: PanelMatrix, into c: MutableFloats, stride: Int? = nil,
        bias: Floats? = nil, add: Bool = false
    ) {
        precondition(!a.isTransposed && b.rows % spans.count == 0, "product: spans do not fit the matrix")
        ck_convolve(
            a.data, a.stride, 0, spans, spans.count, b.rows / spans.count, b.panels, b.columns, bias, c,
            stride ?? b.columns, a.rows, 1, add ? 1 : 0)
    }

    /// The least floats between rows of so many columns for which rows fall on all places of the first-level cache: an odd
    /// number of its lines. Products read such rows where they stand.
    package static func spreadStride(_ columns: Int) -> Int { ((columns + 15) / 16 | 1) * 16 }

    /// y = the transposed of x; strides are in floats per row, by default without gaps.
    package static func transpose(
        _ x: Floats, stride: Int? = nil, into y: MutableFloats, outputStride: Int? = nil, rows: Int,
        columns: Int
    ) {
        ck_transpose(x, stride ?? columns, y, outputStride ?? rows, rows, columns)
    }
}

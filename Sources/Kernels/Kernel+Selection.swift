import CKernels

/// How two numbers are compared; with NaN only ``notEqual`` is true.
package enum Comparison: Sendable, CaseIterable {
    case less, lessOrEqual, equal, notEqual, greaterOrEqual, greater

    fileprivate var kind: Int32 {
        switch self {
        case .less: return Int32(CK_LESS.rawValue)
        case .lessOrEqual: return Int32(CK_LESS_OR_EQUAL.rawValue)
        case .equal: return Int32(CK_EQUAL.rawValue)
        case .notEqual: return Int32(CK_NOT_EQUAL.rawValue)
        case .greaterOrEqual: return Int32(CK_GREATER_OR_EQUAL.rawValue)
        case .greater: return Int32(CK_GREATER.rawValue)
        }
    }
}

/// Bytes 0 and 1.
package typealias Flags = UnsafePointer<UInt8>

extension Kernel {
    /// The columns of each row's `count` first elements in descending (or ascending) order; NaN is the largest number, of
    /// equal ones the first comes first. `scratch` holds 2 · columns words.
    package static func rankRows(
        _ x: Floats, rows: Int, columns: Int, count: Int, descending: Bool,
        scratch: UnsafeMutablePointer<UInt64>, into places: UnsafeMutablePointer<Int32>
    ) {
        ck_rank_rows(x, rows, columns, count, descending ? 1 : 0, scratch, places)
    }

    /// The column of each row's largest `sign` · x, the first of equal ones; NaN above all.
    package static func rowLargest(
        _ x: Floats, sign: Float, into places: UnsafeMutablePointer<Int32>, rows: Int, columns: Int
    ) {
        ck_row_largest(x, sign, places, rows, columns)
    }

    /// y = the elements of each row at `count` columns.
    package static func gatherColumns(
        _ x: Floats, places: Indices, into y: MutableFloats, rows: Int, columns: Int, count: Int
    ) {
        ck_gather_columns(x, places, y, rows, columns, count)
    }

    /// Adds dy to the elements that ``gatherColumns`` read, in ascending order.
    package static func scatterColumns(
        _ dy: Floats, places: Indices, into dx: MutableFloats, rows: Int, columns: Int, count: Int
    ) {
        ck_scatter_columns(dy, places, dx, rows, columns, count)
    }

    /// y[r, c] = x[rows[r, c], c]; 0 for a negative row.
    package static func pickRows(
        _ x: Floats, from rows: Indices, into y: MutableFloats, rows count: Int, columns: Int
    ) {
        ck_pick_rows(x, rows, y, count, columns)
    }

    /// y = 1 where a compares so with b, else 0.
    package static func compare(
        _ a: Floats, _ comparison: Comparison, _ b: Floats, into y: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        ck_compare(comparison.kind, a, b, y, count)
    }

    /// y = 1 where a compares so with the number b, else 0.
    package static func compare(
        _ a: Floats, _ comparison: Comparison, number b: Float, into y: UnsafeMutablePointer<UInt8>,
        count: Int
    ) {
        ck_compare_number(comparison.kind, a, b, y, count)
    }

    /// y = 1 where `sign` · a is not below `sign` · b or a is NaN, else 0.
    package static func leads(
        _ a: Floats, sign: Float, _ b: Floats, into y: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        ck_leads(a, sign, b, y, count)
    }

    /// y = a where the flag is set, else b.
    package static func choose(_ flags: Flags, _ a: Floats, _ b: Floats, into y: MutableFloats, count: Int) {
        ck_choose(flags, a, b, y, count)
    }

    /// y = a where the flag is set, else the number.
    package static func choose(
        _ flags: Flags, _ a: Floats, or number: Float, into y: MutableFloats, count: Int
    ) {
        ck_choose_or(flags, a, number, y, count)
    }

    /// dx = dy where the flag is `chosen`, else 0.
    package static func choosePullback(
        _ flags: Flags, chosen: Bool, dy: Floats, dx: MutableFloats, count: Int, add: Bool
    ) {
        ck_choose_backward(flags, chosen ? 1 : 0, dy, dx, count, add ? 1 : 0)
    }

    /// y = factor · wᵣ in all of row r.
    package static func spreadRows(
        _ w: Floats, factor: Float, into y: MutableFloats, rows: Int, columns: Int, add: Bool
    ) {
        ck_spread_rows(w, factor, y, rows, columns, add ? 1 : 0)
    }

    /// y = the nearest point of the probability simplex to each row.
    package static func sparsemaxRows(_ x: Floats, into y: MutableFloats, rows: Int, columns: Int) {
        ck_sparsemax_rows(x, y, rows, columns)
    }

    /// dx = dy − (mean of dy where y > 0) there, else 0.
    package static func sparsemaxRowsPullback(
        y: Floats, dy: Floats, dx: MutableFloats, rows: Int, columns: Int, add: Bool
    ) {
        ck_sparsemax_rows_backward(y, dy, dx, rows, columns, add ? 1 : 0)
    }

    /// Per row, the mean over the columns of max(0, margin − (2t − 1) z), and its derivative by z.
    package static func hinge(
        scores: Floats, targets: Floats, margin: Float, loss: MutableFloats, slope: MutableFloats, rows: Int,
        columns: Int
    ) {
        ck_hinge(scores, targets, margin, loss, slope, rows, columns)
    }

    /// Per row, Σ over columns j with target and i without of max(0, 1 − (zⱼ − zᵢ)) ÷ columns, and its derivative by z.
    package static func multilabelMargin(
        scores: Floats, targets: Floats, loss: MutableFloats, slope: MutableFloats, rows: Int, columns: Int
    ) {
        ck_multilabel_margin(scores, targets, loss, slope, rows, columns)
    }

    /// y = √(re² + im²) of rows that hold `half` real parts, then as many imaginary parts.
    package static func magnitude(_ x: Floats, into y: MutableFloats, rows: Int, half: Int) {
        ck_magnitude(x, y, rows, half)
    }

    /// Adds to dx; nothing where y is 0.
    package static func magnitudePullback(
        _ x: Floats, y: Floats, dy: Floats, dx: MutableFloats, rows: Int, half: Int
    ) {
        ck_magnitude_backward(x, y, dy, dx, rows, half)
    }
}

import Kernels

/// Values picked out of a tensor and where they stood.
package struct Selection {
    /// The values; gradients flow to the places they came from.
    package let values: Tensor
    /// For every value its column (of a row's selection) or its row (of a segment's); −1 for none.
    package let places: [Int32]
}

extension Context {
    /// In every row the elements of the given columns. Shapes: x `[N, D]`, places `[N · count]` in 0..<D, result `[N, count]`.
    package func gatherColumns(_ x: Tensor, places: [Int32], count: Int) -> Tensor {
        require(
            places.count == x.rows * count && places.allSatisfy { $0 >= 0 && $0 < x.columns },
            "gatherColumns: \(places.count) columns, \(count) per row, do not fit \(x)")
        return pickColumns("gatherColumns", x, places, count)
    }

    /// Every row in descending (or ascending) order; equal values keep their order, NaN counts as the largest.
    ///
    /// Shapes: x, values and places `[N, D]`.
    package func sort(_ x: Tensor, descending: Bool = true) -> Selection {
        ranked("sort", x, x.columns, descending: descending)
    }

    /// The `count` largest elements of every row, largest first; of equal ones the first. NaN counts as the largest.
    ///
    /// Shapes: x `[N, D]`, values and places `[N, count]`, count ≤ D.
    package func topK(_ x: Tensor, _ count: Int) -> Selection { ranked("topK", x, count, descending: true) }

    /// The largest element of every row, the first of equal ones; NaN counts as the largest.
    ///
    /// Shapes: x `[N, D]` with D > 0, values and places (argmax) `[N, 1]`.
    package func rowMax(_ x: Tensor) -> Selection { rowExtreme("rowMax", x, 1) }

    /// The smallest element of every row, the first of equal ones; NaN counts as the smallest.
    package func rowMin(_ x: Tensor) -> Selection { rowExtreme("rowMin", x, -1) }

    /// The largest element of every segment in each column; 0 and place −1 where the segment is empty.
    ///
    /// Of equal ones the first, to which alone the gradient goes; NaN counts as the largest. One segment gives the largest of
    /// each column. Shapes: x `[N, D]`, values and places (rows of x) `[B, D]`.
    package func segmentMax(_ x: Tensor, _ segments: Segments) -> Selection {
        segmentExtreme("segmentMax", x, segments, 1)
    }

    /// The smallest element of every segment in each column, as ``segmentMax(_:_:)``; NaN counts as the smallest.
    package func segmentMin(_ x: Tensor, _ segments: Segments) -> Selection {
        segmentExtreme("segmentMin", x, segments, -1)
    }

    private func ranked(_ name: String, _ x: Tensor, _ count: Int, descending: Bool) -> Selection {
        require(count >= 0 && count <= x.columns, "\(name): \(count) columns asked of \(x)")
        let scratch = pool.words(2 * x.columns)
        let places = [Int32](unsafeUninitializedCapacity: x.rows * count) { places, filled in
            if let base = places.baseAddress {
                Kernel.rankRows(
                    x.values, rows: x.rows, columns: x.columns, count: count, descending: descending,
                    scratch: scratch.words, into: base)
            }
            filled = x.rows * count
        }
        return Selection(values: pickColumns(name, x, places, count), places: places)
    }

    private func rowExtreme(_ name: String, _ x: Tensor, _ sign: Float) -> Selection {
        require(x.columns > 0, "\(name): no columns in \(x)")
        let places = [Int32](unsafeUninitializedCapacity: x.rows) { places, filled in
            if let base = places.baseAddress {
                Kernel.rowLargest(x.values, sign: sign, into: base, rows: x.rows, columns: x.columns)
            }
            filled = x.rows
        }
        return Selection(values: pickColumns(name, x, places, 1), places: places)
    }

    private func segmentExtreme(
        _ name: String, _ x: Tensor, _ segments: Segments, _ sign: Float
    ) -> Selection {
        checkSegments(name, x, segments)
        var rows = [Int32](repeating: -1, count: segments.count * x.columns)
        Kernel.segmentLargest(
            x.values, sign: sign, offsets: segments.offsets, into: &rows, segments: segments.count,
            columns: x.columns)
        let y = result([segments.count, x.columns], from: x)
        Kernel.pickRows(x.values, from: rows, into: y.values, rows: segments.count, columns: x.columns)
        record(y, operation: name) { [rows] gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            Kernel.maxPoolPullback(
                dy: gradient, from: rows, dx: dx, windows: segments.count, columns: x.columns)
        }
        return Selection(values: y, places: rows)
    }

    private func pickColumns(_ operation: String, _ x: Tensor, _ places: [Int32], _ count: Int) -> Tensor {
        let y = result([x.rows, count], from: x)
        Kernel.gatherColumns(
            x.values, places: places, into: y.values, rows: x.rows, columns: x.columns, count: count)
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            Kernel.scatterColumns(
                gradient, places: places, into: dx, rows: x.rows, columns: x.columns, count: count)
        }
        return y
    }
}

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
        let elements = places.indices.map { $0 / max(count, 1) * x.columns + Int(places[$0]) }
        return pick(x, elements, shape: [x.rows, count])
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
        var places: [Int32] = []
        places.reserveCapacity(x.rows * count)
        for row in 0..<x.rows {
            let values = x.values + row * x.columns
            let order = (0..<Int32(x.columns)).sorted { a, b in
                let left = values[Int(a)], right = values[Int(b)]
                if isAbove(left, right) { return descending }
                if isAbove(right, left) { return !descending }
                return a < b
            }
            places += order.prefix(count)
        }
        return Selection(values: gatherColumns(x, places: places, count: count), places: places)
    }

    private func rowExtreme(_ name: String, _ x: Tensor, _ sign: Float) -> Selection {
        require(x.columns > 0, "\(name): no columns in \(x)")
        let places = (0..<x.rows).map { row -> Int32 in
            let values = x.values + row * x.columns
            var best = 0
            for column in 1..<max(x.columns, 1) where isAbove(sign * values[column], sign * values[best]) {
                best = column
            }
            return Int32(best)
        }
        return Selection(values: gatherColumns(x, places: places, count: 1), places: places)
    }

    private func segmentExtreme(
        _ name: String, _ x: Tensor, _ segments: Segments, _ sign: Float
    ) -> Selection {
        checkSegments(name, x, segments)
        var rows = [Int32](repeating: -1, count: segments.count * x.columns)
        Kernel.segmentLargest(
            x.values, sign: sign, offsets: segments.offsets, into: &rows, segments: segments.count,
            columns: x.columns)
        let elements = rows.indices.map {
            rows[$0] < 0 ? -1 : Int(rows[$0]) * x.columns + $0 % x.columns
        }
        return Selection(values: pick(x, elements, shape: [segments.count, x.columns]), places: rows)
    }

    /// The given elements of x, 0 for −1; the gradient is added to them in ascending order of the result.
    private func pick(
        _ x: Tensor, _ elements: [Int], shape: [Int], _ operation: String = #function
    ) -> Tensor {
        let y = result(shape, from: x)
        for (place, element) in elements.enumerated() {
            y.values[place] = element < 0 ? 0 : x.values[element]
        }
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            for (place, element) in elements.enumerated() where element >= 0 {
                dx[element] += gradient[place]
            }
        }
        return y
    }
}

/// Whether a is larger; NaN is larger than every number.
@inline(__always)
private func isAbove(_ a: Float, _ b: Float) -> Bool { a > b || (a.isNaN && !b.isNaN) }

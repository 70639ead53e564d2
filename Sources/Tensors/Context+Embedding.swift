import Kernels

extension Context {
    /// The table's row for every index; index 0 is padding: a zero row that gets no gradient.
    ///
    /// Shapes: table `[vocabulary, E]`, result `[indices, E]`.
    package func embedding(_ table: Tensor, _ indices: [Int32]) -> Tensor {
        checkIndices("embedding", table, indices)
        let y = result([indices.count, table.columns], from: table)
        Kernel.embed(
            table: table.values, indices: indices, into: y.values, count: indices.count,
            columns: table.columns)
        record(y) { gradient, context in
            let singles = Segments.singles(indices.count)
            context.pullEmbedding(table, indices, singles, gradient, mean: false)
        }
        return y
    }

    /// The sum of the table's rows over each segment of indices. Shapes: table `[vocabulary, E]`, result `[S, E]`.
    package func embeddingSum(_ table: Tensor, _ indices: [Int32], _ segments: Segments) -> Tensor {
        embed(table, indices, segments, mean: false)
    }

    /// The mean of the table's rows over the indices of each segment that are not 0; zero where there is none.
    package func embeddingMean(_ table: Tensor, _ indices: [Int32], _ segments: Segments) -> Tensor {
        embed(table, indices, segments, mean: true)
    }

    private func embed(
        _ table: Tensor, _ indices: [Int32], _ segments: Segments, mean: Bool, _ operation: String = #function
    ) -> Tensor {
        checkIndices(mean ? "embeddingMean" : "embeddingSum", table, indices)
        require(
            segments.total == indices.count,
            "\(operation): segments hold \(segments.total) rows, got \(indices.count) indices")
        let y = result([segments.count, table.columns], from: table)
        Kernel.embedSegments(
            table: table.values, indices: indices, offsets: segments.offsets, into: y.values,
            segments: segments.count, columns: table.columns, mean: mean)
        record(y, operation: operation) { gradient, context in
            context.pullEmbedding(table, indices, segments, gradient, mean: mean)
        }
        return y
    }

    private func pullEmbedding(
        _ table: Tensor, _ indices: [Int32], _ segments: Segments, _ gradient: UnsafePointer<Float>,
        mean: Bool
    ) {
        guard let target = table.slot?.sparseGradient(rows: indices) ?? table.gradientSum(self) else {
            return
        }
        Kernel.embedSegmentsPullback(
            dTable: target, indices: indices, offsets: segments.offsets, dy: gradient,
            segments: segments.count,
            columns: table.columns, mean: mean)
    }

    private func checkIndices(_ operation: String, _ table: Tensor, _ indices: [Int32]) {
        guard let place = indices.firstIndex(where: { $0 < 0 || $0 >= table.rows }) else { return }
        refuse(
            "\(operation): the index at place \(place) of \(indices.count) is outside table \(table)")
    }
}

import Kernels

/// How a pooling sums up a window.
private enum Pooling {
    case largest
    /// The mean; with `countsPadding` zeros around the image count as values.
    case mean(countsPadding: Bool)
}

extension Context {
    /// The largest value of every window and channel; outside a sample there is nothing. The default stride is the kernel.
    ///
    /// Shapes: x `[N, C]`, result `[N', C]` with its segments, sizes as
    /// ``conv1d(_:_:_:_:stride:padding:causal:dilation:groups:)``. The gradient goes to the first of equal values, as in
    /// PyTorch's MaxPool1d.
    package func maxPool1d(
        _ x: Tensor, _ segments: Segments, kernel: Int, stride: Int? = nil, padding: Int = 0
    ) -> (y: Tensor, segments: Segments) {
        poolSteps("maxPool1d", x, segments, kernel, stride, padding, .largest)
    }

    /// The mean of every window and channel, zeros of the padding included unless `countsPadding` is false.
    ///
    /// Shapes: x `[N, C]`, result `[N', C]` with its segments; PyTorch's AvgPool1d. The default stride is the kernel.
    package func averagePool1d(
        _ x: Tensor, _ segments: Segments, kernel: Int, stride: Int? = nil, padding: Int = 0,
        countsPadding: Bool = true
    ) -> (y: Tensor, segments: Segments) {
        poolSteps(
            "averagePool1d", x, segments, kernel, stride, padding, .mean(countsPadding: countsPadding))
    }

    /// The largest value of every window and channel. The default stride is the kernel.
    ///
    /// Shapes: x `[N, height, width, C]`, result `[N, height', width', C]`; PyTorch's MaxPool2d.
    package func maxPool2d(_ x: Tensor, kernel: Extent, stride: Extent? = nil, padding: Extent = 0) -> Tensor
    {
        poolImages("maxPool2d", x, kernel, stride, padding, .largest)
    }

    /// The mean of every window and channel, zeros of the padding included unless `countsPadding` is false.
    ///
    /// Shapes: x `[N, height, width, C]`, result `[N, height', width', C]`; PyTorch's AvgPool2d. The default stride is the
    /// kernel.
    package func averagePool2d(
        _ x: Tensor, kernel: Extent, stride: Extent? = nil, padding: Extent = 0, countsPadding: Bool = true
    ) -> Tensor {
        poolImages("averagePool2d", x, kernel, stride, padding, .mean(countsPadding: countsPadding))
    }

    /// Every sample cut into `size` parts ⌊i T / size⌋ ..< ⌈(i + 1) T / size⌉, the mean of each; size 1 is the global mean.
    ///
    /// Shapes: x `[N, C]`, result `[B · size, C]`; zero for an empty sample. PyTorch's AdaptiveAvgPool1d.
    package func adaptiveAveragePool1d(_ x: Tensor, _ segments: Segments, size: Int) -> Tensor {
        adaptSteps("adaptiveAveragePool1d", x, segments, size, .mean(countsPadding: false))
    }

    /// As ``adaptiveAveragePool1d(_:_:size:)`` with the largest value; size 1 is the global maximum over time.
    package func adaptiveMaxPool1d(_ x: Tensor, _ segments: Segments, size: Int) -> Tensor {
        adaptSteps("adaptiveMaxPool1d", x, segments, size, .largest)
    }

    /// Every image cut into `size` parts, the mean of each; size 1 is the global mean.
    ///
    /// Shapes: x `[N, height, width, C]`, result `[N, size.height, size.width, C]`; PyTorch's AdaptiveAvgPool2d.
    package func adaptiveAveragePool2d(_ x: Tensor, size: Extent) -> Tensor {
        adaptImages("adaptiveAveragePool2d", x, size, .mean(countsPadding: false))
    }

    /// As ``adaptiveAveragePool2d(_:size:)`` with the largest value.
    package func adaptiveMaxPool2d(_ x: Tensor, size: Extent) -> Tensor {
        adaptImages("adaptiveMaxPool2d", x, size, .largest)
    }

    private func poolSteps(
        _ name: String, _ x: Tensor, _ segments: Segments, _ kernel: Int, _ stride: Int?, _ padding: Int,
        _ pooling: Pooling
    ) -> (y: Tensor, segments: Segments) {
        checkSegments(name, x, segments)
        let window = Window(
            name, kernel: Extent(1, kernel), stride: Extent(1, stride ?? kernel), before: Extent(0, padding),
            after: Extent(0, padding))
        let grid = WindowGrid(window, segments)
        let y = pool(name, x, PoolingPlan(name, grid, pooling), pooling, shape: [grid.outputRows, x.columns])
        return (y, grid.segments)
    }

    private func poolImages(
        _ name: String, _ x: Tensor, _ kernel: Extent, _ stride: Extent?, _ padding: Extent,
        _ pooling: Pooling
    ) -> Tensor {
        let window = Window(
            name, kernel: kernel, stride: stride ?? kernel, before: padding, after: padding)
        let image = checkImages(name, x), output = window.output(image)
        let grid = WindowGrid(window, Array(repeating: image, count: x.shape[0]))
        return pool(
            name, x, PoolingPlan(name, grid, pooling), pooling,
            shape: [x.shape[0], output.height, output.width, x.columns])
    }

    private func adaptSteps(
        _ name: String, _ x: Tensor, _ segments: Segments, _ size: Int, _ pooling: Pooling
    ) -> Tensor {
        checkSegments(name, x, segments)
        let extents = (0..<segments.count).map { Extent(1, segments[$0].count) }
        let plan = PoolingPlan(name, extents, parts: Extent(1, size))
        return pool(name, x, plan, pooling, shape: [segments.count * size, x.columns])
    }

    private func adaptImages(_ name: String, _ x: Tensor, _ size: Extent, _ pooling: Pooling) -> Tensor {
        let image = checkImages(name, x)
        let plan = PoolingPlan(name, Array(repeating: image, count: x.shape[0]), parts: size)
        return pool(name, x, plan, pooling, shape: [x.shape[0], size.height, size.width, x.columns])
    }

    private func pool(
        _ name: String, _ x: Tensor, _ plan: PoolingPlan, _ pooling: Pooling, shape: [Int]
    ) -> Tensor {
        switch pooling {
        case .largest: largest(name, x, plan, shape)
        case .mean: mean(name, x, plan, shape)
        }
    }

    private func largest(_ operation: String, _ x: Tensor, _ plan: PoolingPlan, _ shape: [Int]) -> Tensor {
        let y = result(shape, from: x), columns = x.columns
        let places = pool.buffer(y.count)
        let from = UnsafeMutableRawPointer(places.floats).bindMemory(to: Int32.self, capacity: y.count)
        for part in plan.parts {
            Kernel.maxPool(
                x.values + part.row * columns, offsets: part.lists.offsets, rows: part.lists.rows,
                into: y.values + part.outputRow * columns, from: from + part.outputRow * columns,
                windows: part.lists.count, columns: columns)
        }
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            let from = UnsafeMutableRawPointer(places.floats).assumingMemoryBound(to: Int32.self)
            for part in plan.parts {
                Kernel.maxPoolPullback(
                    dy: gradient + part.outputRow * columns, from: from + part.outputRow * columns,
                    dx: dx + part.row * columns, windows: part.lists.count, columns: columns)
            }
        }
        return y
    }

    private func mean(_ operation: String, _ x: Tensor, _ plan: PoolingPlan, _ shape: [Int]) -> Tensor {
        let y = result(shape, from: x), columns = x.columns
        for part in plan.parts {
            Kernel.meanPool(
                x.values + part.row * columns, offsets: part.lists.offsets, rows: part.lists.rows,
                share: part.lists.shares, into: y.values + part.outputRow * columns,
                windows: part.lists.count, columns: columns)
        }
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            for part in plan.parts {
                Kernel.meanPoolPullback(
                    dy: gradient + part.outputRow * columns, offsets: part.lists.offsets,
                    rows: part.lists.rows, share: part.lists.shares, dx: dx + part.row * columns,
                    windows: part.lists.count, columns: columns)
            }
        }
        return y
    }
}

/// Which rows each pooled output sums up, image by image.
private struct PoolingPlan {
    /// The windows of images of one size, in rows of the image.
    final class Lists {
        let offsets: [Int32]
        let rows: [Int32]
        /// The weight of a value of each window in its mean.
        let shares: [Float]
        var count: Int { shares.count }

        init(windows: [[Int32]], shares: [Float]) {
            var offsets: [Int32] = [0]
            for window in windows { offsets.append((offsets.last ?? 0) + Int32(window.count)) }
            self.offsets = offsets
            rows = windows.flatMap { $0 }
            self.shares = shares
        }
    }

    struct Part {
        let row: Int
        let outputRow: Int
        let lists: Lists
    }

    private(set) var parts: [Part] = []

    /// Windows that move over the images.
    init(_ name: String, _ grid: WindowGrid, _ pooling: Pooling) {
        let window = grid.window
        require(
            2 * max(window.before.height, 0) <= window.kernel.height
                && 2 * max(window.before.width, 0) <= window.kernel.width,
            "\(name): padding \(window.before) is more than half of kernel \(window.kernel)")
        let lists = { (image: Extent) -> Lists in
            let taps = window.kernel.count, rows = window.rows(image)
            let windows = stride(from: 0, to: rows.count, by: taps).map { start in
                rows[start..<start + taps].filter { $0 >= 0 }
            }
            let shares = windows.map { rows -> Float in
                if case .mean(countsPadding: true) = pooling { return 1 / Float(taps) }
                return 1 / Float(max(rows.count, 1))
            }
            return Lists(windows: windows, shares: shares)
        }
        grid.forEachImage(lists) { image, lists in
            parts.append(Part(row: image.row, outputRow: image.outputRow, lists: lists))
        }
    }

    /// Images cut into `parts`.
    init(_ name: String, _ images: [Extent], parts size: Extent) {
        require(size.height > 0 && size.width > 0, "\(name): size \(size) must be positive")
        var known: (extent: Extent, lists: Lists)?
        var row = 0
        for (index, image) in images.enumerated() {
            let lists = known.flatMap { $0.extent == image ? $0.lists : nil } ?? Self.cut(image, size)
            known = (image, lists)
            parts.append(Part(row: row, outputRow: index * size.count, lists: lists))
            row += image.count
        }
    }

    private static func cut(_ image: Extent, _ size: Extent) -> Lists {
        let range = { (part: Int, parts: Int, length: Int) in
            part * length / parts..<((part + 1) * length + parts - 1) / parts
        }
        var windows: [[Int32]] = []
        for v in 0..<size.height {
            for u in 0..<size.width {
                windows.append(
                    range(v, size.height, image.height).flatMap { line in
                        range(u, size.width, image.width).map { Int32(line * image.width + $0) }
                    })
            }
        }
        return Lists(windows: windows, shares: windows.map { 1 / Float(max($0.count, 1)) })
    }
}

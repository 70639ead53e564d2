import Kernels

/// A convolution over the images of a batch with `groups` groups of channels, as passes over plain memory.
///
/// Weights are `[outputs, taps, channels]` here, channels and outputs per group. Windows are read where they stand in the
/// padded image where lines are long enough for that, else copied; both give the same bits. Larger images under windows of
/// 3 × 3, and longer lines under windows of 3, go through Winograd's transform. Which way is taken never depends on the number
/// of images, and between ways with other bits only on the image itself.
struct ConvolutionPass {
    let grid: WindowGrid
    /// Channels and outputs of all groups.
    let channels: Int
    let outputs: Int
    let groups: Int

    /// Floats of copied windows that are worked on at a time: a part of a second-level cache.
    private static let blockFloats = 1 << 17
    /// The least mean length of a line for which windows are read in place.
    private static let shortestLine = 6

    /// The least number of Winograd's tiles of an image for which transforming the weights pays.
    private static let fewestTiles = 16

    /// The least outputs of a line for which Winograd's transform is taken.
    private static let shortestTransformed = 8

    private var taps: Int { grid.window.kernel.count }
    private var depth: Int { channels / groups }
    private var width: Int { outputs / groups }
    /// The floats of a weight.
    var weightCount: Int { outputs * taps * depth }

    /// The product of one column has another order of additions, so that its windows are always copied.
    private var readsInPlace: Bool {
        if width == 1 || grid.window.isPointwise { return false }
        let lines = grid.images.reduce(0) { $0 + ($1.output.width > 0 ? $1.output.height : 0) }
        return grid.outputRows >= Self.shortestLine * lines
    }

    /// The images for Winograd's transform, nil where it does not apply or does not pay.
    private var winograd: WinogradImages? {
        let window = grid.window
        guard window.kernel == 3, window.stride == 1, window.dilation == 1, depth % 16 == 0, width % 16 == 0,
            let first = grid.images.first, grid.images.allSatisfy({ $0.extent == first.extent }),
            (first.output.height + 3) / 4 * ((first.output.width + 3) / 4) >= Self.fewestTiles
        else { return nil }
        return WinogradImages(
            images: grid.images.count, height: first.extent.height, width: first.extent.width,
            before: (window.before.height, window.before.width), stride: channels,
            outputHeight: first.output.height, outputWidth: first.output.width, outputStride: outputs)
    }

    /// Whether Winograd's transform applies to an image that is a line, and pays.
    ///
    /// Not for causal windows: an output of the transform depends on the later steps of its tile by rounding.
    private func isTransformedLine(_ image: WindowGrid.Image) -> Bool {
        let window = grid.window
        let isCausal = window.before.width == 2 && window.after.width == 0
        return window.kernel == Extent(1, 3) && window.stride == 1 && window.dilation == 1 && !isCausal
            && depth % 16 == 0
            && width % 16 == 0 && image.extent.height == 1 && image.output.height == 1
            && image.output.width >= Self.shortestTransformed
    }

    /// y (+)= bias + Σ over taps of x W.
    func forward(
        _ x: Floats, weight: Floats, bias: Floats?, into y: MutableFloats, add: Bool, _ mode: ProductMode,
        _ pool: BufferPool
    ) {
        let images = winograd, lines = grid.images.filter(isTransformedLine)
        for group in 0..<groups {
            let first = weight + group * width * taps * depth
            let bias = bias.map { $0 + group * width }
            if let images {
                transformed(x + group * depth, images, first, bias, y + group * width, add, pool)
                continue
            }
            let weight = MatrixView(first, rows: width, columns: taps * depth)
            if !lines.isEmpty {
                transformed(x + group * depth, lines, first, bias, y + group * width, add, pool)
                let others = grid.images.filter { !isTransformedLine($0) }
                inPlace(x + group * depth, others, weight.transposed, bias, y + group * width, add, pool)
            } else if readsInPlace {
                inPlace(x + group * depth, grid.images, weight.transposed, bias, y + group * width, add, pool)
            } else {
                eachBlock(x + group * depth, pool) { windows, row in
                    Kernel.multiply(
                        windows, weight.transposed, into: y + row * outputs + group * width, stride: outputs,
                        bias: bias, add: add, mode: mode)
                }
            }
        }
    }

    /// dw += Σ over outputs of dy x.
    func weightGradient(_ x: Floats, dy: Floats, into dw: MutableFloats, _ pool: BufferPool) {
        let images = winograd
        let isDirect =
            readsInPlace && depth % 16 == 0
            && grid.images.allSatisfy { $0.output.width <= Kernel.longestLine }
        for group in 0..<groups {
            let target = dw + group * width * taps * depth
            let dy = dy + group * width
            if let images {
                let sums = pool.buffer(36 * (width * depth + 16))
                let work = pool.buffer(Kernel.winogradWorkCount(outputs: width, channels: depth))
                Kernel.winogradGradient(
                    x + group * depth, images, channels: depth, dy: dy, outputs: width, into: target,
                    sums: sums.floats, work: work.floats)
            } else if isDirect {
                eachPadded(x + group * depth, grid.images, pool) { image, padded, walk in
                    Kernel.convolveWeights(
                        dy: dy + image.outputRow * outputs, stride: outputs, outputs: width, x: padded, walk,
                        channels: depth, into: target)
                }
            } else {
                eachBlock(x + group * depth, pool) { windows, row in
                    let dy = MatrixView(
                        dy + row * outputs, rows: windows.rows, columns: width, stride: outputs)
                    Kernel.multiply(dy.transposed, windows, into: target, add: true, mode: .fast)
                }
            }
        }
    }

    /// dx (+)= Σ over outputs of dy W; with stride 1 a convolution of dy by the weight turned round.
    func inputGradient(
        _ dy: Floats, weight: Floats, into dx: MutableFloats, add: Bool, _ mode: ProductMode,
        _ pool: BufferPool
    ) {
        if let mirrored = mirror {
            let turned = turned(weight, pool)
            forEachRun { images, hasOutputs in
                let first = images[images.startIndex], dx = dx + first.row * channels
                guard hasOutputs else {
                    if !add {
                        dx.update(repeating: 0, count: images.reduce(0) { $0 + $1.extent.count } * channels)
                    }
                    return
                }
                ConvolutionPass(
                    grid: WindowGrid(mirrored, images.map(\.output)), channels: outputs, outputs: channels,
                    groups: groups
                ).forward(
                    dy + first.outputRow * outputs, weight: turned.floats, bias: nil, into: dx, add: add,
                    mode, pool)
            }
            return
        }
        if !add {
            dx.update(repeating: 0, count: grid.images.reduce(0) { $0 + $1.extent.count } * channels)
        }
        let rows = max(1, Self.blockFloats / (taps * depth))
        let scratch = pool.buffer(min(rows, grid.outputRows) * taps * depth)
        for group in 0..<groups {
            let weight = MatrixView(
                weight + group * width * taps * depth, rows: width, columns: taps * depth)
            grid.forEachImage(grid.window.rows) { image, list in
                for start in stride(from: 0, to: image.output.count, by: rows) {
                    let count = min(rows, image.output.count - start)
                    let dy = MatrixView(
                        dy + (image.outputRow + start) * outputs + group * width, rows: count, columns: width,
                        stride: outputs)
                    Kernel.multiply(dy, weight, into: scratch.floats, mode: mode)
                    list.withUnsafeBufferPointer {
                        guard let list = $0.baseAddress else { return }
                        Kernel.scatterAddRows(
                            scratch.floats, stride: depth, rows: list + start * taps,
                            into: dx + image.row * channels + group * depth, outputStride: channels,
                            count: count * taps, columns: depth)
                    }
                }
            }
        }
    }

    /// Neighbouring images that all have outputs, or all have none.
    private func forEachRun(_ body: (_ images: ArraySlice<WindowGrid.Image>, _ hasOutputs: Bool) -> Void) {
        var rest = grid.images[...]
        while let first = rest.first {
            let hasOutputs = first.output.count > 0
            let run = rest.prefix { ($0.output.count > 0) == hasOutputs }
            body(run, hasOutputs)
            rest = rest[run.endIndex...]
        }
    }

    /// How the window moves that takes dy to dx; nil with larger strides and more padding than window.
    private var mirror: Window? {
        let window = grid.window
        let reach = Extent(
            window.dilation.height * (window.kernel.height - 1),
            window.dilation.width * (window.kernel.width - 1))
        let padding = [
            reach.height - window.before.height, reach.width - window.before.width,
            reach.height - window.after.height, reach.width - window.after.width,
        ]
        guard window.stride == 1, padding.allSatisfy({ $0 >= 0 }) else { return nil }
        return Window(
            "convolution", kernel: window.kernel, before: Extent(padding[0], padding[1]),
            after: Extent(padding[2], padding[3]), dilation: window.dilation)
    }

    /// The weight of the way back, `[channels, taps backwards, outputs]`.
    private func turned(_ weight: Floats, _ pool: BufferPool) -> Buffer {
        let turned = pool.buffer(weightCount)
        for group in 0..<groups {
            let source = weight + group * width * taps * depth
            let target = turned.floats + group * width * taps * depth
            for tap in 0..<taps {
                Kernel.transpose(
                    source + (taps - 1 - tap) * depth, stride: taps * depth, into: target + tap * width,
                    outputStride: taps * width, rows: width, columns: depth)
            }
        }
        return turned
    }

    private func transformed(
        _ x: Floats, _ images: WinogradImages, _ weight: Floats, _ bias: Floats?, _ y: MutableFloats,
        _ add: Bool,
        _ pool: BufferPool
    ) {
        let weights = pool.buffer(Kernel.winogradWeightCount(outputs: width, channels: depth))
        let work = pool.buffer(Kernel.winogradWorkCount(outputs: width, channels: depth))
        Kernel.winogradWeights(weight, outputs: width, channels: depth, into: weights.floats)
        Kernel.winogradConvolve(
            x, images, channels: depth, transformed: weights.floats, outputs: width, bias: bias, into: y,
            work: work.floats, add: add)
    }

    private func transformed(
        _ x: Floats, _ lines: [WindowGrid.Image], _ weight: Floats, _ bias: Floats?, _ y: MutableFloats,
        _ add: Bool, _ pool: BufferPool
    ) {
        let weights = pool.buffer(Kernel.winogradLineWeightCount(outputs: width, channels: depth))
        let work = pool.buffer(Kernel.winogradLineWorkCount(outputs: width, channels: depth))
        Kernel.winogradLineWeights(weight, outputs: width, channels: depth, into: weights.floats)
        let lines = lines.map {
            WinogradLine(
                row: $0.row, length: $0.extent.width, outputRow: $0.outputRow, outputs: $0.output.width)
        }
        Kernel.winogradLines(
            x, stride: channels, lines, before: grid.window.before.width, channels: depth,
            transformed: weights.floats, outputs: width, bias: bias, into: y, outputStride: outputs,
            work: work.floats, add: add)
    }

    private func inPlace(
        _ x: Floats, _ images: [WindowGrid.Image], _ weight: MatrixView, _ bias: Floats?, _ y: MutableFloats,
        _ add: Bool,
        _ pool: BufferPool
    ) {
        guard !images.isEmpty else { return }
        let panels = pool.buffer(Kernel.panelCount(rows: weight.rows, columns: weight.columns))
        Kernel.packPanels(weight, into: panels.floats)
        eachPadded(x, images, pool) { image, padded, walk in
            Kernel.convolve(
                padded, walk, depth: depth, panels: panels.floats, n: width, bias: bias,
                into: y + image.outputRow * outputs, stride: outputs, add: add)
        }
    }

    /// Every image with zeros around it (in place where it has none), and how its windows lie.
    private func eachPadded(
        _ x: Floats, _ images: [WindowGrid.Image], _ pool: BufferPool,
        _ body: (WindowGrid.Image, Floats, WindowWalk) -> Void
    ) {
        let window = grid.window
        let isPadded = window.before != 0 || window.after != 0
        let largest = images.reduce(0) { max($0, window.padded($1.extent).count) }
        let copy = isPadded ? pool.buffer(largest * depth) : nil
        var cleared: Extent?
        for image in images where image.output.count > 0 {
            let size = window.padded(image.extent), rowFloats = copy == nil ? channels : depth
            var source = x + image.row * channels
            if let copy {
                if cleared != size { copy.floats.update(repeating: 0, count: size.count * depth) }
                cleared = size
                copyInside(source, image.extent, into: copy.floats, size)
                source = UnsafePointer(copy.floats)
            }
            var taps: [Int] = []
            for i in 0..<window.kernel.height {
                for j in 0..<window.kernel.width {
                    taps.append(
                        (i * window.dilation.height * size.width + j * window.dilation.width) * rowFloats)
                }
            }
            let walk = WindowWalk(
                step: window.stride.width * rowFloats,
                lineStep: window.stride.height * size.width * rowFloats, taps: taps,
                width: image.output.width, lines: image.output.height)
            body(image, source, walk)
        }
    }

    /// Copies one group's channels of an image between the zeros.
    private func copyInside(_ x: Floats, _ image: Extent, into copy: MutableFloats, _ size: Extent) {
        for line in 0..<image.height {
            let from = x + line * image.width * channels
            let to =
                copy + ((line + grid.window.before.height) * size.width + grid.window.before.width) * depth
            if depth == channels {
                to.update(from: from, count: image.width * depth)
                continue
            }
            for column in 0..<image.width {
                (to + column * depth).update(from: from + column * channels, count: depth)
            }
        }
    }

    /// Copies of the windows `[rows, taps · channels]` of one group, some at a time, with the first output's row.
    private func eachBlock(_ x: Floats, _ pool: BufferPool, _ body: (MatrixView, Int) -> Void) {
        if grid.window.isPointwise {
            return body(MatrixView(x, rows: grid.outputRows, columns: depth, stride: channels), 0)
        }
        let most = max(1, Self.blockFloats / (taps * depth))
        let buffer = pool.buffer(min(most, grid.outputRows) * taps * depth)
        var list: [Int32] = []
        list.reserveCapacity(most * taps)
        var first = 0
        func flush() {
            let count = list.count / taps
            Kernel.gatherRows(
                x, stride: channels, rows: list, into: buffer.floats, outputStride: depth, count: list.count,
                columns: depth)
            body(MatrixView(buffer.floats, rows: count, columns: taps * depth), first)
            first += count
            list.removeAll(keepingCapacity: true)
        }
        grid.forEachImage(grid.window.rows) { image, rows in
            for start in stride(from: 0, to: rows.count, by: taps) {
                for row in rows[start..<start + taps] { list.append(row < 0 ? -1 : row + Int32(image.row)) }
                if list.count == most * taps { flush() }
            }
        }
        if !list.isEmpty { flush() }
    }
}

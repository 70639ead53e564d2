import Kernels

extension Context {
    /// Convolution over the steps of every sample (PyTorch's Conv1d: the kernel is not turned round).
    ///
    /// y[t, o] = b[o] + Σ over taps j and channels c of x[t · stride + j · dilation − padding, c] · W[o, c, j]; output o of
    /// group g reads the channels of group g. Outside a sample there are zeros. With `causal`, the padding is
    /// dilation · (k − 1) in front and nothing behind, so that with stride 1 a step sees itself and earlier ones.
    /// Shapes: x `[N, C]`, weight `[O, C / groups, k]`, bias `[O]`, result `[N', O]` with its segments: a sample of T steps
    /// has ⌊(T + padding − dilation (k − 1) − 1) / stride⌋ + 1 outputs, none where the window does not fit.
    /// Neither direction computes anything for other samples' lengths; there is no second derivative.
    package func conv1d(
        _ x: Tensor, _ segments: Segments, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1,
        padding: Int = 0, causal: Bool = false, dilation: Int = 1, groups: Int = 1
    ) -> (y: Tensor, segments: Segments) {
        require(weight.shape.count == 3, "conv1d: weight [O, C, k] expected, got \(weight)")
        require(!causal || padding == 0, "conv1d: a causal convolution has its own padding")
        checkSegments("conv1d", x, segments)
        let kernel = weight.columns
        let window = Window(
            "conv1d", kernel: Extent(1, kernel), stride: Extent(1, stride),
            before: Extent(0, causal ? dilation * (kernel - 1) : padding),
            after: Extent(0, causal ? 0 : padding), dilation: Extent(1, dilation))
        let grid = WindowGrid(window, segments)
        let y = convolve("conv1d", x, weight, bias, grid, groups, shape: [grid.outputRows, weight.shape[0]])
        return (y, grid.segments)
    }

    /// Convolution over images (PyTorch's Conv2d on its channels-last layout: the kernel is not turned round).
    ///
    /// y[n, v, u, o] = b[o] + Σ over i, j, c of x[n, v · stride + i · dilation − padding, u · stride + …, c] · W[o, c, i, j].
    /// Shapes: x `[N, height, width, C]` (see ``channelsLast(_:channels:height:width:)``), weight `[O, C / groups, k, l]`,
    /// bias `[O]`, result `[N, height', width', O]`. There is no second derivative.
    package func conv2d(
        _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Extent = 1, padding: Extent = 0,
        dilation: Extent = 1, groups: Int = 1
    ) -> Tensor {
        require(weight.shape.count == 4, "conv2d: weight [O, C, k, l] expected, got \(weight)")
        let window = Window(
            "conv2d", kernel: Extent(weight.shape[2], weight.shape[3]), stride: stride, before: padding,
            after: padding, dilation: dilation)
        let image = checkImages("conv2d", x), output = window.output(image)
        let grid = WindowGrid(window, Array(repeating: image, count: x.shape[0]))
        return convolve(
            "conv2d", x, weight, bias, grid, groups,
            shape: [x.shape[0], output.height, output.width, weight.shape[0]])
    }

    /// Images with the channels in front, as files and PyTorch have them, put into the layout of ``conv2d``.
    ///
    /// Shapes: x `[N, C · height · width]` (any shape of that size with N first), result `[N, height, width, C]`.
    package func channelsLast(_ x: Tensor, channels: Int, height: Int, width: Int) -> Tensor {
        let images = x.shape[0]
        require(
            x.count == images * channels * height * width,
            "channelsLast: \(x) does not hold images of \(channels) × \(height) × \(width)")
        return transposeImages(
            x, images, rows: channels, columns: height * width, shape: [images, height, width, channels])
    }

    /// The reverse of ``channelsLast(_:channels:height:width:)``: `[N, height, width, C]` to `[N, C · height · width]`.
    package func channelsFirst(_ x: Tensor) -> Tensor {
        let image = checkImages("channelsFirst", x)
        return transposeImages(
            x, x.shape[0], rows: image.count, columns: x.columns,
            shape: [x.shape[0], x.columns * image.count])
    }

    /// The size of the images of `x` `[N, height, width, C]`.
    func checkImages(_ operation: String, _ x: Tensor) -> Extent {
        require(
            x.shape.count == 4, "\(operation): images [N, height, width, C] expected, got \(x)")
        return Extent(x.shape[1], x.shape[2])
    }

    private func convolve(
        _ operation: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ grid: WindowGrid,
        _ groups: Int,
        shape: [Int]
    ) -> Tensor {
        let outputs = weight.shape[0], depth = weight.shape[1]
        require(
            groups > 0 && depth * groups == x.columns && outputs % groups == 0,
            "\(operation): weight \(weight) in \(groups) groups does not fit x \(x)")
        require(
            bias.map { $0.count == outputs } ?? true,
            "\(operation): bias \(named(bias)) does not fit weight \(weight)")
        let pass = ConvolutionPass(grid: grid, channels: x.columns, outputs: outputs, groups: groups)
        let y = result(
            shape, wantsGradient: x.wantsGradient || weight.wantsGradient || bias?.wantsGradient == true)
        let packed = tapsFirst(weight, pass)
        pass.forward(
            x.values, weight: packed.floats, bias: bias?.values, into: y.values, add: false, products, pool)
        record(y, operation: operation) { gradient, context in
            if let dx = x.gradientTarget(context) {
                pass.inputGradient(
                    gradient, weight: packed.floats, into: dx.floats, add: dx.add, .fast, context.pool)
            }
            if let dw = weight.gradientSum(context) {
                context.addWeightGradient(pass, x.values, gradient, weight, into: dw)
            }
            if let db = bias?.gradientSum(context) {
                Kernel.sumRows(gradient, into: db, rows: grid.outputRows, columns: outputs)
            }
        }
        return y
    }

    /// `[O, C, taps]` → `[O, taps, C]`.
    func tapsFirst(_ weight: Tensor, _ pass: ConvolutionPass) -> Buffer {
        let packed = pool.buffer(weight.count), taps = pass.grid.window.kernel.count
        let size = weight.shape[1] * taps
        for output in 0..<weight.shape[0] {
            Kernel.transpose(
                weight.values + output * size, into: packed.floats + output * size, rows: weight.shape[1],
                columns: taps)
        }
        return packed
    }

    /// dw += the gradient of the weight `[O, C, taps]` of a pass that takes x to dy.
    func addWeightGradient(
        _ pass: ConvolutionPass, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ weight: Tensor,
        into dw: UnsafeMutablePointer<Float>
    ) {
        let packed = pool.buffer(weight.count)
        packed.floats.update(repeating: 0, count: weight.count)
        pass.weightGradient(x, dy: dy, into: packed.floats, pool)
        let taps = pass.grid.window.kernel.count, size = weight.shape[1] * taps
        let back = pool.buffer(size)
        for output in 0..<weight.shape[0] {
            Kernel.transpose(
                packed.floats + output * size, into: back.floats, rows: taps, columns: weight.shape[1])
            Kernel.scale(1, back.floats, into: dw + output * size, count: size, add: true)
        }
    }

    private func transposeImages(
        _ x: Tensor, _ images: Int, rows: Int, columns: Int, shape: [Int], _ operation: String = #function
    ) -> Tensor {
        let y = result(shape, from: x), size = rows * columns
        for image in 0..<images {
            Kernel.transpose(
                x.values + image * size, into: y.values + image * size, rows: rows, columns: columns)
        }
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let back = context.pool.buffer(size)
            for image in 0..<images {
                Kernel.transpose(gradient + image * size, into: back.floats, rows: columns, columns: rows)
                Kernel.scale(1, back.floats, into: dx.floats + image * size, count: size, add: dx.add)
            }
        }
        return y
    }
}

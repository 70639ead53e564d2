import Kernels

extension Context {
    /// Transposed convolution over the steps of every sample (PyTorch's ConvTranspose1d): the way back of ``conv1d``.
    ///
    /// y[t · stride + j · dilation − padding, o] gathers x[t, c] · W[c, o, j] over steps t, taps j and channels c of the
    /// group, and b[o]. Shapes: x `[N, C]`, weight `[C, O / groups, k]`, bias `[O]`, result `[N', O]` with its segments: a
    /// sample of T steps has (T − 1) stride − 2 padding + dilation (k − 1) + outputPadding + 1, one of none has none.
    /// There is no second derivative.
    package func convTranspose1d(
        _ x: Tensor, _ segments: Segments, _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1,
        padding: Int = 0, outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1
    ) -> (y: Tensor, segments: Segments) {
        require(weight.shape.count == 3, "convTranspose1d: weight [C, O, k] expected, got \(weight)")
        checkSegments("convTranspose1d", x, segments)
        let window = Window(
            "convTranspose1d", kernel: Extent(1, weight.columns), stride: Extent(1, stride),
            before: Extent(0, padding), after: Extent(0, padding), dilation: Extent(1, dilation))
        let spread = Segments(
            lengths: (0..<segments.count).map {
                window.spread(Extent(1, segments[$0].count), by: Extent(0, outputPadding)).width
            })
        // Samples without steps take no part: windows would find room in their padding.
        let grid = WindowGrid(
            window, Segments(lengths: (0..<spread.count).map { spread[$0].count }.filter { $0 > 0 }))
        let y = spreadOut(
            "convTranspose1d", x, weight, bias, grid, Extent(0, outputPadding), groups,
            shape: [spread.total, weight.shape[1] * groups])
        return (y, spread)
    }

    /// Transposed convolution over images (PyTorch's ConvTranspose2d on its channels-last layout): the way back of ``conv2d``.
    ///
    /// As ``convTranspose1d(_:_:_:_:stride:padding:outputPadding:dilation:groups:)`` in both directions. Shapes: x
    /// `[N, height, width, C]`, weight `[C, O / groups, k, l]`, bias `[O]`, result `[N, height', width', O]`.
    package func convTranspose2d(
        _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: Extent = 1, padding: Extent = 0,
        outputPadding: Extent = 0, dilation: Extent = 1, groups: Int = 1
    ) -> Tensor {
        require(weight.shape.count == 4, "convTranspose2d: weight [C, O, k, l] expected, got \(weight)")
        let window = Window(
            "convTranspose2d", kernel: Extent(weight.shape[2], weight.shape[3]), stride: stride,
            before: padding,
            after: padding, dilation: dilation)
        let output = window.spread(checkImages("convTranspose2d", x), by: outputPadding)
        return spreadOut(
            "convTranspose2d", x, weight, bias,
            WindowGrid(window, Array(repeating: output, count: x.shape[0])), outputPadding, groups,
            shape: [x.shape[0], output.height, output.width, weight.shape[1] * groups])
    }

    /// `grid` is that of the convolution from the result to x.
    private func spreadOut(
        _ operation: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ grid: WindowGrid,
        _ outputPadding: Extent, _ groups: Int, shape: [Int]
    ) -> Tensor {
        let outputs = weight.shape[1] * groups, stride = grid.window.stride
        require(
            groups > 0 && weight.shape[0] == x.columns && x.columns % groups == 0,
            "\(operation): weight \(weight) in \(groups) groups does not fit x \(x)")
        require(
            bias.map { $0.count == outputs } ?? true,
            "\(operation): bias \(named(bias)) does not fit weight \(weight)")
        require(
            0..<stride.height ~= outputPadding.height && 0..<stride.width ~= outputPadding.width,
            "\(operation): output padding \(outputPadding) must be smaller than the stride \(stride)")
        require(
            grid.outputRows == x.rows,
            "\(operation): padding \(grid.window.before) leaves nothing of the result")
        let pass = ConvolutionPass(grid: grid, channels: outputs, outputs: x.columns, groups: groups)
        let y = result(
            shape, wantsGradient: x.wantsGradient || weight.wantsGradient || bias?.wantsGradient == true)
        let packed = tapsFirst(weight, pass), rows = y.rows
        pass.inputGradient(x.values, weight: packed.floats, into: y.values, add: false, products, pool)
        if let bias {
            Kernel.addRow(y.values, bias.values, into: y.values, rows: rows, columns: outputs)
        }
        record(y, operation: operation) { gradient, context in
            if let dx = x.gradientTarget(context) {
                pass.forward(
                    gradient, weight: packed.floats, bias: nil, into: dx.floats, add: dx.add, .fast,
                    context.pool)
            }
            if let dw = weight.gradientSum(context) {
                context.addWeightGradient(pass, gradient, x.values, weight, into: dw)
            }
            if let db = bias?.gradientSum(context) {
                Kernel.sumRows(gradient, into: db, rows: rows, columns: outputs)
            }
        }
        return y
    }
}

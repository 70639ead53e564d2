/// A height and a width, of images, kernels, strides and the like.
package struct Extent: Sendable, Equatable, ExpressibleByIntegerLiteral {
    package let height: Int
    package let width: Int

    /// `height` by `width`.
    package init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    /// The same in both directions.
    package init(integerLiteral value: Int) { self.init(value, value) }

    /// The number of places.
    package var count: Int { height * width }
}

/// How a window moves over an image.
struct Window: Equatable {
    let kernel: Extent
    let stride: Extent
    /// Zeros in front of the first line and column, and behind the last.
    let before: Extent
    let after: Extent
    let dilation: Extent

    init(
        _ operation: String, kernel: Extent, stride: Extent = 1, before: Extent = 0, after: Extent = 0,
        dilation: Extent = 1
    ) {
        require(
            kernel.height > 0 && kernel.width > 0 && stride.height > 0 && stride.width > 0
                && dilation.height > 0 && dilation.width > 0,
            "\(operation): kernel \(kernel), stride \(stride) and dilation \(dilation) must be positive")
        require(
            min(before.height, before.width, after.height, after.width) >= 0,
            "\(operation): padding is not negative, got \(before), \(after)")
        self.kernel = kernel
        self.stride = stride
        self.before = before
        self.after = after
        self.dilation = dilation
    }

    /// The image with its padding.
    func padded(_ image: Extent) -> Extent {
        Extent(before.height + image.height + after.height, before.width + image.width + after.width)
    }

    /// ⌊(size + padding − dilation (kernel − 1) − 1) / stride⌋ + 1; nothing where the window does not fit.
    func output(_ image: Extent) -> Extent {
        let padded = padded(image)
        let size = { (length: Int, kernel: Int, stride: Int, dilation: Int) in
            let room = length - dilation * (kernel - 1) - 1
            return room < 0 ? 0 : room / stride + 1
        }
        return Extent(
            size(padded.height, kernel.height, stride.height, dilation.height),
            size(padded.width, kernel.width, stride.width, dilation.width))
    }

    /// The smallest image of which the windows are as many as `windows` has places, and `more` lines and columns.
    func spread(_ windows: Extent, by more: Extent) -> Extent {
        guard windows.count > 0 else { return 0 }
        let size = { (places: Int, kernel: Int, stride: Int, dilation: Int, padding: Int, more: Int) in
            max(0, (places - 1) * stride + dilation * (kernel - 1) + 1 - padding + more)
        }
        return Extent(
            size(
                windows.height, kernel.height, stride.height, dilation.height, before.height + after.height,
                more.height),
            size(
                windows.width, kernel.width, stride.width, dilation.width, before.width + after.width,
                more.width))
    }

    /// Whether a window is one place and every place has one.
    var isPointwise: Bool { kernel.count == 1 && stride == 1 && before == 0 && after == 0 }

    /// For every output of an image and every tap, the row of the image; −1 in the padding.
    func rows(_ image: Extent) -> [Int32] {
        let output = output(image)
        var rows: [Int32] = []
        rows.reserveCapacity(output.count * kernel.count)
        for y in 0..<output.height {
            for x in 0..<output.width {
                for i in 0..<kernel.height {
                    let line = y * stride.height + i * dilation.height - before.height
                    for j in 0..<kernel.width {
                        let column = x * stride.width + j * dilation.width - before.width
                        let isInside =
                            line >= 0 && line < image.height && column >= 0 && column < image.width
                        rows.append(isInside ? Int32(line * image.width + column) : -1)
                    }
                }
            }
        }
        return rows
    }
}

/// The images of a batch, one under another: where each one's rows begin, before and after a window has moved over it.
///
/// A batch of sequences is one of images with a single line each, whose widths differ.
struct WindowGrid {
    struct Image {
        let extent: Extent
        let output: Extent
        /// The first row of the image and of its outputs.
        let row: Int
        let outputRow: Int
    }

    let window: Window
    let images: [Image]
    /// All outputs.
    let outputRows: Int

    init(_ window: Window, _ extents: [Extent]) {
        var images: [Image] = []
        images.reserveCapacity(extents.count)
        var row = 0, outputRow = 0
        for extent in extents {
            let output = window.output(extent)
            images.append(Image(extent: extent, output: output, row: row, outputRow: outputRow))
            row += extent.count
            outputRow += output.count
        }
        self.window = window
        self.images = images
        outputRows = outputRow
    }

    /// Sequences: images of one line.
    init(_ window: Window, _ segments: Segments) {
        self.init(window, (0..<segments.count).map { Extent(1, segments[$0].count) })
    }

    /// The outputs of sequences.
    var segments: Segments { Segments(lengths: images.map(\.output.width)) }

    /// Windows as lists of rows, the same list for images of one size.
    func forEachImage<Lists>(_ lists: (Extent) -> Lists, _ body: (Image, Lists) -> Void) {
        var known: (extent: Extent, lists: Lists)?
        for image in images where image.output.count > 0 {
            let fitting = known.flatMap { $0.extent == image.extent ? $0.lists : nil } ?? lists(image.extent)
            known = (image.extent, fitting)
            body(image, fitting)
        }
    }
}

import CKernels

/// Images of one size, one after another, under a window of 3 × 3 that moves by 1.
package struct WinogradImages {
    fileprivate let sizes: ck_image_sizes

    /// `images` images of `height` × `width` pixels, `stride` floats apart, with so many rows and columns of zeros before
    /// the first; outputs of `outputHeight` × `outputWidth`, `outputStride` floats apart.
    package init(
        images: Int, height: Int, width: Int, before: (rows: Int, columns: Int), stride: Int,
        outputHeight: Int, outputWidth: Int, outputStride: Int
    ) {
        sizes = ck_image_sizes(
            images: images, height: height, width: width, before_rows: before.rows,
            before_columns: before.columns, x_stride: stride, out_height: outputHeight,
            out_width: outputWidth,
            y_stride: outputStride)
    }
}

/// Convolution by windows of 3 × 3 with a quarter of the products: Winograd's transform F(4 × 4, 3 × 3).
///
/// Source: Lavin and Gray, CVPR 2016. Channels and outputs are multiples of 16. An output depends on its own tile of 6 × 6
/// inputs alone, by rounding on those outside its window, too; an infinity there makes it NaN. Error: at most 5 · 10⁻⁷ Σ |x w|
/// with the tile's largest inputs, twice that of a chain of multiply-adds (measured, 64 to 512 channels, inputs of one size).
extension Kernel {
    /// Floats that ``winogradWeights`` writes.
    package static func winogradWeightCount(outputs: Int, channels: Int) -> Int {
        36 * (channels * ((outputs + 31) / 32 * 32) + 16)
    }

    /// Floats of scratch memory for the other two.
    package static func winogradWorkCount(outputs: Int, channels: Int) -> Int {
        36 * (Int(CK_WINOGRAD_TILES) * (channels + outputs) + 32)
    }

    /// The transformed weights of `[outputs, 9, channels]`.
    package static func winogradWeights(
        _ weight: Floats, outputs: Int, channels: Int, into transformed: MutableFloats
    ) {
        ck_winograd_weights(weight, outputs, channels, transformed)
    }

    /// y (+)= bias + the convolution of x by transformed weights.
    package static func winogradConvolve(
        _ x: Floats, _ images: WinogradImages, channels: Int, transformed: Floats, outputs: Int,
        bias: Floats?,
        into y: MutableFloats, work: MutableFloats, add: Bool
    ) {
        ck_winograd_convolve(
            x, images.sizes, channels, transformed, outputs, bias, y, work, add ? 1 : 0)
    }

    /// dw `[outputs, 9, channels]` += the gradient of the weights; `sums`: 36 (outputs · channels + 16) floats.
    package static func winogradGradient(
        _ x: Floats, _ images: WinogradImages, channels: Int, dy: Floats, outputs: Int,
        into dw: MutableFloats,
        sums: MutableFloats, work: MutableFloats
    ) {
        ck_winograd_gradient(x, images.sizes, channels, dy, outputs, dw, sums, work)
    }
}

/// A line of a ragged batch under a window of 3 that moves by 1: its place among the inputs' rows and among the outputs'.
package struct WinogradLine {
    fileprivate let line: ck_line

    /// A line of `length` inputs from `row` on with `outputs` outputs, at least one, from `outputRow` on.
    package init(row: Int, length: Int, outputRow: Int, outputs: Int) {
        line = ck_line(row: row, length: length, output_row: outputRow, outputs: outputs)
    }
}

/// Convolution by windows of 3 along lines with half of the products: Winograd's transform F(4, 3).
///
/// As for images; an output depends on its own tile of 6 inputs alone. Error: root of the mean square 1.3 times that of a chain
/// of multiply-adds, at most 3 · 10⁻⁷ Σ |x w| (measured, 128 channels, inputs of one size).
extension Kernel {
    /// Floats that ``winogradLineWeights`` writes.
    package static func winogradLineWeightCount(outputs: Int, channels: Int) -> Int {
        6 * (panelCount(rows: channels, columns: outputs) + 16)
    }

    /// Floats of scratch memory for ``winogradLines``.
    package static func winogradLineWorkCount(outputs: Int, channels: Int) -> Int {
        6 * (Int(CK_WINOGRAD_TILES) * (channels + outputs) + 32)
    }

    /// The transformed weights of `[outputs, 3, channels]`.
    package static func winogradLineWeights(
        _ weight: Floats, outputs: Int, channels: Int, into transformed: MutableFloats
    ) {
        ck_winograd_line_weights(weight, outputs, channels, transformed)
    }

    /// y (+)= bias + the convolution of the lines of x by transformed weights, with `before` zeros in front of each line;
    /// rows are `stride` and `outputStride` floats apart.
    package static func winogradLines(
        _ x: Floats, stride: Int, _ lines: [WinogradLine], before: Int, channels: Int, transformed: Floats,
        outputs: Int, bias: Floats?, into y: MutableFloats, outputStride: Int, work: MutableFloats, add: Bool
    ) {
        let end = ck_line(row: 0, length: 0, output_row: 0, outputs: -1)
        ck_winograd_lines(
            x, stride, lines.map(\.line) + [end], before, channels, transformed, outputs, bias, y,
            outputStride, work, add ? 1 : 0)
    }
}

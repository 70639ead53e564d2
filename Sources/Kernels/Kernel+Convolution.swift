import CKernels

/// How the outputs of one image read its (padded) rows.
package struct WindowWalk {
    /// Floats between the windows of neighbouring outputs of a line, and between those of neighbouring lines.
    package let step: Int, lineStep: Int
    /// The place of every tap in a window, in floats.
    package let taps: [Int]
    /// Outputs of a line, and lines.
    package let width: Int, lines: Int

    /// A walk over `lines` lines of `width` outputs.
    package init(step: Int, lineStep: Int, taps: [Int], width: Int, lines: Int) {
        self.step = step
        self.lineStep = lineStep
        self.taps = taps
        self.width = width
        self.lines = lines
    }
}

extension Kernel {
    /// The floats that ``packPanels(_:into:)`` writes for B `[rows, columns]`.
    package static func panelCount(rows: Int, columns: Int) -> Int { rows * ((columns + 31) / 32 * 32) }

    /// B copied into the panels that ``convolve`` reads.
    package static func packPanels(_ b: MatrixView, into panels: MutableFloats) {
        ck_pack_panels(b.matrix, b.rows, b.columns, panels)
    }

    /// y of output p = bias (+ y with `add`) + Σ over taps t and j < depth of x[p's window + tap t + j] · B[t · depth + j].
    ///
    /// `panels` holds B `[taps · depth, n]`; `stride` floats lie between the outputs. An element is one chain of fused
    /// multiply-adds over ascending (t, j): the bits are those of ``multiply`` on copied windows.
    package static func convolve(
        _ x: Floats, _ walk: WindowWalk, depth: Int, panels: Floats, n: Int, bias: Floats?,
        into y: MutableFloats, stride: Int, add: Bool
    ) {
        ck_convolve(
            x, walk.step, walk.lineStep, walk.taps, walk.taps.count, depth, panels, n, bias, y, stride,
            walk.width, walk.lines, add ? 1 : 0)
    }

    /// The longest line of outputs that ``convolveWeights`` takes.
    package static let longestLine = 192

    /// dw[o, t · channels + c] += Σ over outputs p of dy[p, o] · x[p's window + tap t + c], in ascending p.
    ///
    /// `channels` is a multiple of 16, a line has at most ``longestLine`` outputs.
    package static func convolveWeights(
        dy: Floats, stride: Int, outputs: Int, x: Floats, _ walk: WindowWalk, channels: Int,
        into dw: MutableFloats
    ) {
        ck_convolve_weights(
            dy, stride, outputs, x, walk.step, walk.lineStep, walk.taps, walk.taps.count, channels,
            walk.width,
            walk.lines, dw)
    }
}

import CKernels

/// The sizes of a selective scan: D channels with N states each.
package struct ScanShape: Sendable {
    /// Channels, D.
    package let channels: Int
    /// States of each channel, N.
    package let states: Int
    /// Sequences → steps.
    package let offsets: [Int32]

    /// A scan over the sequences with the given offsets.
    package init(channels: Int, states: Int, offsets: [Int32]) {
        (self.channels, self.states, self.offsets) = (channels, states, offsets)
    }

    /// Floats of one step's states.
    package var width: Int { channels * states }
    /// All steps.
    package var steps: Int { Int(offsets.last ?? 0) }
}

/// The inputs of a selective scan: x and delta `[T, D]`, a `[D, N]`, decay exp(delta ⊙ a) `[T, D, N]`, b and c `[T, N]`,
/// skip `[D]`.
package struct ScanInputs {
    /// The inputs by name.
    package var x, delta, a, decay, b, c, skip: Floats

    /// Inputs that stay where they are.
    package init(x: Floats, delta: Floats, a: Floats, decay: Floats, b: Floats, c: Floats, skip: Floats) {
        (self.x, self.delta, self.a, self.decay) = (x, delta, a, decay)
        (self.b, self.c, self.skip) = (b, c, skip)
    }
}

/// Where the gradients of a selective scan's inputs are added.
package struct ScanGradients {
    /// The gradients by name.
    package var x, delta, a, b, c, skip: MutableFloats

    /// Gradients that are added where they stand.
    package init(
        x: MutableFloats, delta: MutableFloats, a: MutableFloats, b: MutableFloats, c: MutableFloats,
        skip: MutableFloats
    ) {
        (self.x, self.delta, self.a, self.b, self.c, self.skip) = (x, delta, a, b, c, skip)
    }
}

extension Kernel {
    /// decay = exp(delta ⊙ a), `[T, D, N]`.
    package static func scanDecays(delta: Floats, a: Floats, into decay: MutableFloats, _ shape: ScanShape) {
        ck_scan_decays(delta, a, decay, shape.steps, shape.channels, shape.states)
    }

    /// h = decay h′ + delta x b, y = c · h + skip x; h is kept for every step, `[T, D, N]`.
    package static func scan(
        _ inputs: ScanInputs, states h: MutableFloats, into y: MutableFloats, _ shape: ScanShape
    ) {
        ck_scan(
            inputs.x, inputs.delta, inputs.decay, inputs.b, inputs.c, inputs.skip, shape.offsets, h, y,
            shape.offsets.count - 1, shape.channels, shape.states)
    }

    /// Adds to the gradients; `carry` holds D · N floats.
    package static func scanPullback(
        _ inputs: ScanInputs, states h: Floats, dy: Floats, into gradients: ScanGradients,
        carry: MutableFloats, _ shape: ScanShape
    ) {
        ck_scan_backward(
            inputs.x, inputs.delta, inputs.a, inputs.decay, inputs.b, inputs.c, inputs.skip, h, dy,
            shape.offsets, gradients.x, gradients.delta, gradients.a, gradients.b, gradients.c,
            gradients.skip, carry, shape.offsets.count - 1, shape.channels, shape.states)
    }
}

import Kernels

extension Context {
    /// The selective state-space recurrence of Mamba over ragged sequences.
    ///
    /// h_t = exp(Δ_t ⊙ A) ⊙ h_{t−1} + Δ_t x_t B_t, y_t = C_t · h_t + D ⊙ x_t, per channel d and state n, h before the first
    /// step 0. Shapes: x, delta `[T, D]`; a `[D, N]` (negative values make it stable); b, c `[T, N]`; skip `[D]`; result
    /// `[T, D]`. Source: Gu and Dao 2023, "Mamba: linear-time sequence modeling with selective state spaces", equation 2 with
    /// the discretisation of its section 3.
    package func selectiveScan(
        _ x: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, skip: Tensor, _ segments: Segments
    ) -> Tensor {
        let scan = SelectiveScan(channels: x.columns, states: a.columns, segments: segments)
        require(
            x.rows == segments.total && delta.shape == x.shape && a.rows == x.columns
                && b.rows == x.rows && b.columns == a.columns && c.shape == b.shape
                && skip.count == x.columns,
            "selectiveScan: x \(x), delta \(delta), a \(a), b \(b), c \(c), skip \(skip), \(segments.total) steps"
        )
        let inputs = [x, delta, a, b, c, skip]
        let y = result(x.shape, wantsGradient: inputs.contains { $0.wantsGradient })
        let states = pool.buffer(max(1, x.rows * scan.width))
        let decays = pool.buffer(max(1, x.rows * scan.width))
        scan.decays(delta: delta.values, a: a.values, into: decays.floats)
        scan.forward(
            x: x.values, delta: delta.values, decays: decays.floats, b: b.values, c: c.values,
            skip: skip.values, states: states.floats, y: y.values)
        record(y) { gradient, context in
            // what nobody wants goes to spare memory
            let spare = inputs.map { context.pool.buffer(max(1, $0.count)) }
            let targets = zip(inputs, spare).map { $0.gradientSum(context) ?? $1.floats }
            let carry = context.pool.buffer(max(1, scan.width))
            withExtendedLifetime((spare, carry)) {
                scan.backward(
                    x: x.values, delta: delta.values, a: a.values, decays: decays.floats, b: b.values,
                    c: c.values, skip: skip.values, states: states.floats, dy: gradient, dx: targets[0],
                    dDelta: targets[1], dA: targets[2], dB: targets[3], dC: targets[4], dSkip: targets[5],
                    carry: carry.floats)
            }
        }
        return y
    }
}

/// The loops of the selective scan; states are kept for every step, `[T, D · N]`.
private struct SelectiveScan {
    let channels: Int
    let states: Int
    let segments: Segments

    init(channels: Int, states: Int, segments: Segments) {
        (self.channels, self.states, self.segments) = (channels, states, segments)
    }

    /// Floats of one step's state.
    var width: Int { channels * states }

    /// exp(Δ ⊙ A) of every step, `[T, D · N]`.
    func decays(
        delta: UnsafePointer<Float>, a: UnsafePointer<Float>, into decays: UnsafeMutablePointer<Float>
    ) {
        for cell in 0..<(segments.total * channels) {
            for n in 0..<states {
                decays[cell * states + n] = delta[cell] * a[cell % channels * states + n]
            }
        }
        Kernel.exp(decays, decays, segments.total * width)
    }

    func forward(
        x: UnsafePointer<Float>, delta: UnsafePointer<Float>, decays: UnsafePointer<Float>,
        b: UnsafePointer<Float>, c: UnsafePointer<Float>, skip: UnsafePointer<Float>,
        states h: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>
    ) {
        for sample in 0..<segments.count {
            let range = segments[sample]
            for t in range {
                for d in 0..<channels {
                    let (input, rate) = (x[t * channels + d], delta[t * channels + d])
                    var sum: Float = 0
                    for n in 0..<states {
                        let place = d * states + n
                        let before = t == range.lowerBound ? 0 : h[(t - 1) * width + place]
                        let state = decays[t * width + place] * before + rate * input * b[t * states + n]
                        h[t * width + place] = state
                        sum += c[t * states + n] * state
                    }
                    y[t * channels + d] = sum + skip[d] * input
                }
            }
        }
    }

    func backward(
        x: UnsafePointer<Float>, delta: UnsafePointer<Float>, a: UnsafePointer<Float>,
        decays: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafePointer<Float>,
        skip: UnsafePointer<Float>, states h: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        dx: UnsafeMutablePointer<Float>,
        dDelta: UnsafeMutablePointer<Float>, dA: UnsafeMutablePointer<Float>,
        dB: UnsafeMutablePointer<Float>, dC: UnsafeMutablePointer<Float>, dSkip: UnsafeMutablePointer<Float>,
        carry: UnsafeMutablePointer<Float>
    ) {
        for sample in 0..<segments.count {
            let range = segments[sample]
            for i in 0..<width { carry[i] = 0 }
            for t in range.reversed() {
                for d in 0..<channels {
                    let cell = t * channels + d
                    let (input, rate, outer) = (x[cell], delta[cell], dy[cell])
                    dSkip[d] += outer * input
                    var (sumX, sumDelta): (Float, Float) = (outer * skip[d], 0)
                    for n in 0..<states {
                        let place = d * states + n
                        let (before, decay) = (
                            t == range.lowerBound ? 0 : h[(t - 1) * width + place], decays[t * width + place]
                        )
                        let dh = carry[place] + outer * c[t * states + n]
                        dC[t * states + n] += outer * h[t * width + place]
                        dB[t * states + n] += dh * rate * input
                        sumX += dh * rate * b[t * states + n]
                        sumDelta += dh * (a[place] * decay * before + input * b[t * states + n])
                        dA[place] += dh * rate * decay * before
                        carry[place] = dh * decay
                    }
                    dx[cell] += sumX
                    dDelta[cell] += sumDelta
                }
            }
        }
    }
}

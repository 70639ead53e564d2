import Kernels

/// The loss of a micro-batch: the sum over its samples, so that whoever knows the whole batch divides once.
package struct Loss {
    /// The sum of the samples' losses, `[1]`.
    package let total: Tensor
    /// The number of samples.
    package let count: Int
    /// The loss of every sample.
    package let perSample: [Float]
}

extension Context {
    /// Binary cross entropy with logits: per sample the mean over the columns of −(p y ln σ(z) + (1 − y) ln(1 − σ(z))).
    ///
    /// Shapes: logits z `[B, L]`, targets y `[B · L]` (0 … 1), positive weights p `[L]` or `[1]`; without them p is 1.
    package func binaryCrossEntropy(
        logits: Tensor, targets: [Float], positiveWeight: [Float]? = nil
    ) -> Loss {
        require(
            targets.count == logits.count,
            "binaryCrossEntropy: \(targets.count) targets for logits \(logits)")
        let weights = positiveWeight.map { weight -> [Float] in
            require(
                weight.count == 1 || weight.count == logits.columns,
                "binaryCrossEntropy: \(weight.count) positive weights for logits \(logits)")
            return weight.count == 1 ? Array(repeating: weight[0], count: logits.columns) : weight
        }
        let slope = pool.buffer(logits.count), losses = pool.buffer(logits.rows)
        targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress else { return }
            let compute = { (weights: UnsafePointer<Float>?) in
                Kernel.binaryCrossEntropy(
                    logits: logits.values, targets: targets, positiveWeight: weights, loss: losses.floats,
                    slope: slope.floats, rows: logits.rows, columns: logits.columns)
            }
            if let weights {
                weights.withUnsafeBufferPointer { compute($0.baseAddress) }
            } else {
                compute(nil)
            }
        }
        return loss(of: logits, slope, losses)
    }

    /// Cross entropy: per sample −log softmax(z)[label]. Shapes: logits `[B, C]`, labels `[B]` in 0..<C.
    package func crossEntropy(logits: Tensor, labels: [Int32]) -> Loss {
        require(
            labels.count == logits.rows && labels.allSatisfy { $0 >= 0 && $0 < logits.columns },
            "crossEntropy: \(labels.count) labels do not fit logits \(logits)")
        let slope = pool.buffer(logits.count), losses = pool.buffer(logits.rows)
        let logarithms = pool.buffer(logits.count)
        Kernel.logSoftmaxRows(
            logits.values, logarithms.floats, rows: logits.rows, columns: logits.columns)
        Kernel.exp(logarithms.floats, slope.floats, logits.count)
        for (row, label) in labels.enumerated() {
            let place = row * logits.columns + Int(label)
            losses.floats[row] = -logarithms.floats[place]
            slope.floats[place] -= 1
        }
        return loss(of: logits, slope, losses)
    }

    /// Squared error: per sample the mean over the columns of (z − y)². Shapes: predictions `[B, L]`, targets `[B · L]`.
    package func meanSquaredError(predictions: Tensor, targets: [Float]) -> Loss {
        require(
            targets.count == predictions.count,
            "meanSquaredError: \(targets.count) targets for predictions \(predictions)")
        let slope = pool.buffer(predictions.count), losses = pool.buffer(predictions.rows)
        Kernel.combine(1, predictions.values, -1, targets, into: slope.floats, count: targets.count)
        let share = 1 / Float(max(predictions.columns, 1))
        for row in 0..<predictions.rows {
            let difference = slope.floats + row * predictions.columns
            losses.floats[row] = share * Kernel.dot(difference, difference, count: predictions.columns)
        }
        Kernel.scale(2 * share, slope.floats, into: slope.floats, count: targets.count)
        return loss(of: predictions, slope, losses)
    }

    /// Hinge loss: per sample the mean over the columns of max(0, margin − (2y − 1) z). The default margin is 1.
    ///
    /// Shapes: scores z `[B, L]`, targets y `[B · L]` (0 or 1). Source: Cortes and Vapnik, Support-vector networks, 1995.
    package func hinge(scores: Tensor, targets: [Float], margin: Float = 1) -> Loss {
        require(
            targets.count == scores.count, "hinge: \(targets.count) targets for scores \(scores)")
        let slope = pool.buffer(scores.count), losses = pool.buffer(scores.rows)
        targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress else { return }
            Kernel.hinge(
                scores: scores.values, targets: targets, margin: margin, loss: losses.floats,
                slope: slope.floats, rows: scores.rows, columns: scores.columns)
        }
        return loss(of: scores, slope, losses)
    }

    /// Multilabel margin: per sample Σ over labels j with target and labels i without of max(0, 1 − (zⱼ − zᵢ)), ÷ L.
    ///
    /// Shapes: scores z `[B, L]`, targets `[B · L]` (1: has the label, 0: has it not). The formula of PyTorch's
    /// `multilabel_margin_loss`, where targets are lists of labels.
    package func multilabelMargin(scores: Tensor, targets: [Float]) -> Loss {
        require(
            targets.count == scores.count,
            "multilabelMargin: \(targets.count) targets for scores \(scores)")
        let slope = pool.buffer(scores.count), losses = pool.buffer(scores.rows)
        targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress else { return }
            Kernel.multilabelMargin(
                scores: scores.values, targets: targets, loss: losses.floats, slope: slope.floats,
                rows: scores.rows, columns: scores.columns)
        }
        return loss(of: scores, slope, losses)
    }

    /// The loss whose derivative by `input` is `slope`.
    private func loss(
        of input: Tensor, _ slope: Buffer, _ losses: Buffer, _ operation: String = #function
    ) -> Loss {
        let total = result([1], from: input)
        total.values[0] = Kernel.sum(losses.floats, count: input.rows)
        record(total, operation: operation) { gradient, context in
            guard let target = input.gradientTarget(context) else { return }
            Kernel.scale(gradient[0], slope.floats, into: target.floats, count: input.count, add: target.add)
        }
        let perSample = Array(UnsafeBufferPointer(start: losses.floats, count: input.rows))
        return Loss(total: total, count: input.rows, perSample: perSample)
    }
}

package import Kernels

/// How two numbers are compared: less, lessOrEqual, equal, notEqual, greaterOrEqual, greater.
package typealias Comparison = Kernels.Comparison

extension Context {
    /// Whether a compares so with b, element by element; equal shapes. It has no gradient.
    package func compare(_ a: Tensor, _ comparison: Comparison, _ b: Tensor) -> [Bool] {
        require(a.shape == b.shape, "compare: shapes differ, \(a), \(b)")
        return flags(a.count) { Kernel.compare(a.values, comparison, b.values, into: $0, count: a.count) }
    }

    /// Whether the elements of x compare so with a number. It has no gradient.
    package func compare(_ x: Tensor, _ comparison: Comparison, _ number: Float) -> [Bool] {
        flags(x.count) { Kernel.compare(x.values, comparison, number: number, into: $0, count: x.count) }
    }

    /// a where the condition holds, b elsewhere; each gets the gradient of its own elements.
    ///
    /// What is not chosen does not matter, be it NaN. Shapes: a, b and result equal, condition as many entries.
    package func choose(_ a: Tensor, where condition: [Bool], else b: Tensor) -> Tensor {
        require(
            a.shape == b.shape && condition.count == a.count,
            "choose: shapes differ, \(a), \(b), \(condition.count) conditions")
        let y = result(a.shape, from: a, b)
        condition.withFlags { Kernel.choose($0, a.values, b.values, into: y.values, count: y.count) }
        record(y) { gradient, context in
            for (input, chosen) in [(a, true), (b, false)] {
                guard let target = input.gradientTarget(context) else { continue }
                condition.withFlags {
                    Kernel.choosePullback(
                        $0, chosen: chosen, dy: gradient, dx: target.floats, count: condition.count,
                        add: target.add)
                }
            }
        }
        return y
    }

    /// The larger of a and b, element by element; of equal ones a, to which alone the gradient goes. NaN comes through.
    package func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { extreme("maximum", a, 1, b) }

    /// The smaller of a and b, element by element; of equal ones a, to which alone the gradient goes. NaN comes through.
    package func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { extreme("minimum", a, -1, b) }

    private func extreme(_ name: String, _ a: Tensor, _ sign: Float, _ b: Tensor) -> Tensor {
        require(a.shape == b.shape, "\(name): shapes differ, \(a), \(b)")
        let leads = flags(a.count) {
            Kernel.leads(a.values, sign: sign, b.values, into: $0, count: a.count)
        }
        return choose(a, where: leads, else: b)
    }

    private func flags(_ count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) -> [Bool] {
        [Bool](unsafeUninitializedCapacity: count) { flags, filled in
            if let base = UnsafeMutableRawPointer(flags.baseAddress) {
                fill(base.assumingMemoryBound(to: UInt8.self))
            }
            filled = count
        }
    }
}

extension [Bool] {
    /// The entries as bytes 0 and 1; not called when there are none.
    func withFlags(_ body: (Flags) -> Void) {
        withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { body(base.assumingMemoryBound(to: UInt8.self)) }
        }
    }
}

/// How two numbers are compared; with NaN only ``notEqual`` is true.
package enum Comparison: Sendable, CaseIterable {
    case less, lessOrEqual, equal, notEqual, greaterOrEqual, greater

    fileprivate func callAsFunction(_ a: Float, _ b: Float) -> Bool {
        switch self {
        case .less: return a < b
        case .lessOrEqual: return a <= b
        case .equal: return a == b
        case .notEqual: return a != b
        case .greaterOrEqual: return a >= b
        case .greater: return a > b
        }
    }
}

extension Context {
    /// Whether a compares so with b, element by element; equal shapes. It has no gradient.
    package func compare(_ a: Tensor, _ comparison: Comparison, _ b: Tensor) -> [Bool] {
        require(a.shape == b.shape, "compare: shapes differ, \(a), \(b)")
        return (0..<a.count).map { comparison(a.values[$0], b.values[$0]) }
    }

    /// Whether the elements of x compare so with a number. It has no gradient.
    package func compare(_ x: Tensor, _ comparison: Comparison, _ number: Float) -> [Bool] {
        (0..<x.count).map { comparison(x.values[$0], number) }
    }

    /// a where the condition holds, b elsewhere; each gets the gradient of its own elements.
    ///
    /// What is not chosen does not matter, be it NaN. Shapes: a, b and result equal, condition as many entries.
    package func choose(_ a: Tensor, where condition: [Bool], else b: Tensor) -> Tensor {
        require(
            a.shape == b.shape && condition.count == a.count,
            "choose: shapes differ, \(a), \(b), \(condition.count) conditions")
        let y = result(a.shape, from: a, b)
        for place in condition.indices {
            y.values[place] = condition[place] ? a.values[place] : b.values[place]
        }
        record(y) { gradient, context in
            for (input, chosen) in [(a, true), (b, false)] {
                guard let target = input.gradientTarget(context) else { continue }
                for place in condition.indices {
                    let slope = condition[place] == chosen ? gradient[place] : 0
                    target.floats[place] = target.add ? target.floats[place] + slope : slope
                }
            }
        }
        return y
    }

    /// The larger of a and b, element by element; of equal ones a, to which alone the gradient goes. NaN comes through.
    package func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { extreme(a, .greaterOrEqual, b) }

    /// The smaller of a and b, element by element; of equal ones a, to which alone the gradient goes. NaN comes through.
    package func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { extreme(a, .lessOrEqual, b) }

    private func extreme(_ a: Tensor, _ comparison: Comparison, _ b: Tensor) -> Tensor {
        let chosen = compare(a, comparison, b), isUndefined = compare(a, .notEqual, a)
        return choose(a, where: zip(chosen, isUndefined).map { $0 || $1 }, else: b)
    }
}

/// The gradient side of a parameter: where it is summed, and what of it has been touched since it was last cleared.
///
/// Invariant: untouched elements are zero. A table that only embeddings read remembers its touched rows, so that clearing
/// costs nothing for the others.
package final class ParameterSlot {
    /// The parameter's dotted name.
    package let name: String
    /// Whether the optimizer moves this parameter; otherwise no gradient is computed.
    package let isTrainable: Bool
    private let rows: Int
    private let columns: Int
    private var gradient: UnsafeMutablePointer<Float>?
    private var isTouched: [Bool] = []
    /// How often something was added to the gradient, ever.
    package private(set) var arrivals = 0
    private(set) var isDense = false
    /// Rows whose gradient may not be zero, in order of first touch; meaningless once a dense gradient arrived.
    private(set) var touchedRows: [Int32] = []

    package init(name: String, rows: Int, columns: Int, isTrainable: Bool) {
        self.name = name
        self.rows = rows
        self.columns = columns
        self.isTrainable = isTrainable
    }

    /// Gives the gradient its place, which holds zeros.
    package func bind(gradient: UnsafeMutablePointer<Float>) { self.gradient = gradient }

    /// Gives the gradient another place, which holds zeros; what was added to the old one stays there.
    package func rebind(gradient: UnsafeMutablePointer<Float>) {
        forget()
        self.gradient = gradient
    }

    /// Whether any gradient arrived since the last ``clear()``, be it one of no rows: a lookup of nothing but padding has a
    /// gradient of zeros, as in PyTorch, and the optimizer's averages go on.
    package private(set) var receivedGradient = false

    /// The ranges of elements whose gradient may not be zero, ascending and apart.
    package var touchedRanges: [Range<Int>] {
        if isDense { return [0..<rows * columns] }
        var ranges: [Range<Int>] = []
        for row in touchedRows.sorted() {
            let start = Int(row) * columns
            if let last = ranges.last, last.upperBound == start {
                ranges[ranges.count - 1] = last.lowerBound..<start + columns
            } else {
                ranges.append(start..<start + columns)
            }
        }
        return ranges
    }

    /// Sets the gradient to zero.
    package func clear() {
        guard let gradient else { return }
        if isDense {
            gradient.update(repeating: 0, count: rows * columns)
        } else {
            for row in touchedRows { (gradient + Int(row) * columns).update(repeating: 0, count: columns) }
        }
        forget()
    }

    private func forget() {
        for row in touchedRows { isTouched[Int(row)] = false }
        touchedRows.removeAll(keepingCapacity: true)
        isDense = false
        receivedGradient = false
    }

    /// The gradient, of which a pullback will add to every element.
    func denseGradient() -> UnsafeMutablePointer<Float> {
        isDense = true
        return place()
    }

    /// The gradient, of which a pullback will add to the given rows only (0 and less are skipped).
    func sparseGradient(rows indices: [Int32]) -> UnsafeMutablePointer<Float> {
        let place = place()
        if isTouched.isEmpty { isTouched = Array(repeating: false, count: rows) }
        for row in indices where row > 0 && !isTouched[Int(row)] {
            isTouched[Int(row)] = true
            touchedRows.append(row)
        }
        return place
    }

    private func place() -> UnsafeMutablePointer<Float> {
        arrivals += 1
        receivedGradient = true
        guard let gradient else { refuse("parameter: used before ParameterBuilder.build()") }
        return gradient
    }
}

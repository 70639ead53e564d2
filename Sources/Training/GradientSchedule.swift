import Layers

/// From which operation on the way back the gradients of a model's last parameters are final.
///
/// Learned from one way back and believed on the next one over a tape of the same operations, where every parameter's last
/// use is looked at again: a model may choose its parameters by its data.
struct GradientSchedule {
    /// The tape it belongs to.
    let signature: UInt64
    /// Per parameter the number of operations left when something was last added to its gradient; nil for never.
    private let last: [Int?]
    /// Descending in offset: with so many operations left, all from the offset on is final.
    private let marks: [(left: Int, offset: Int)]

    /// What one way back has shown.
    init(_ observed: GradientArrivals, of arena: ParameterArena) {
        signature = observed.signature
        last = observed.last
        // From the end to the beginning, a parameter is final once it and all behind it are.
        var marks: [(left: Int, offset: Int)] = []
        var left = Int.max
        for (parameter, last) in zip(arena.parameters, observed.last).reversed() {
            if let last, last < left { left = last }
            if let same = marks.last, same.left == left {
                marks[marks.count - 1].offset = parameter.offset
            } else {
                marks.append((left, parameter.offset))
            }
        }
        self.marks = marks
    }

    /// The offset from which on all gradients are final with `left` operations left; nil if there is none.
    func offset(left: Int) -> Int? { marks.last { $0.left >= left }?.offset }

    /// Whether nothing arrived later than this schedule says.
    func holds(for observed: GradientArrivals) -> Bool {
        zip(last, observed.last).allSatisfy { expected, actual in
            guard let actual else { return true }
            return expected.map { actual >= $0 } ?? false
        }
    }
}

/// When gradients arrive on one way back.
struct GradientArrivals {
    let signature: UInt64
    private(set) var last: [Int?]
    private var counts: [Int]

    /// Nothing yet; to be made before the way back begins.
    init(signature: UInt64, of arena: ParameterArena) {
        self.signature = signature
        last = Array(repeating: nil, count: arena.parameters.count)
        counts = Array(repeating: 0, count: arena.parameters.count)
        arena.forEachArrival(since: &counts) { _ in }
    }

    /// An operation is done and `left` are not.
    mutating func note(left: Int, of arena: ParameterArena) {
        arena.forEachArrival(since: &counts) { last[$0] = left }
    }
}

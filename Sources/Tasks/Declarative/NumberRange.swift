import Groundwork

/// Bounds of a number, each of which may be absent; durations are in milliseconds.
struct NumberRange: Sendable, Equatable {
    private var above: Double?
    private var atLeast: Double?
    private var below: Double?
    private var atMost: Double?

    /// The keys of the bounds in task files.
    static let keys = ["above", "at_least", "below", "at_most"]

    /// Nothing less than `atLeast`.
    init(atLeast: Double) { self.atLeast = atLeast }

    /// Less than `below`.
    init(below: Double) { self.below = below }

    /// The bounds that a section gives, each read by `read`; nil if it gives none.
    ///
    /// Throws `config.range` for bounds between which there is nothing.
    init?(_ node: ConfigurationNode, read: (ConfigurationNode) throws -> Double) throws {
        above = try node.child("above").map(read)
        atLeast = try node.child("at_least").map(read)
        below = try node.child("below").map(read)
        atMost = try node.child("at_most").map(read)
        let (low, high) = (above ?? atLeast, below ?? atMost)
        guard low != nil || high != nil else { return nil }
        guard above == nil || atLeast == nil, below == nil || atMost == nil else {
            throw node.error("range", "give one lower and one upper bound at most.")
        }
        if let low, let high, low > high || (low == high && (above != nil || below != nil)) {
            throw node.error("range", "no number is within these bounds.")
        }
    }

    /// As ``init(_:read:)``; throws `config.missing-key` if there is no bound.
    static func required(
        _ node: ConfigurationNode, read: (ConfigurationNode) throws -> Double
    ) throws -> NumberRange {
        guard let range = try NumberRange(node, read: read) else {
            throw node.error("missing-key", "give a bound: \(keys.joined(separator: ", ")).")
        }
        return range
    }

    func contains(_ value: Double) -> Bool {
        above.map { value > $0 } ?? true && atLeast.map { value >= $0 } ?? true
            && below.map { value < $0 } ?? true && atMost.map { value <= $0 } ?? true
    }
}

extension ConfigurationNode {
    /// A number for a bound.
    func bound() throws -> Double {
        let value = try double()
        guard value.isFinite else { throw error("range", "expected a finite number.") }
        return value
    }

    /// A length of time such as `48h` in milliseconds: a number with `s`, `m`, `h`, `d` or `w`, or 0.
    func span() throws -> Int64 {
        guard let span = TimePoint.span(try string()) else {
            throw error("time-span", "expected a length of time such as 30m, 48h, 15d or 2w (s, m, h, d, w).")
        }
        return span
    }
}

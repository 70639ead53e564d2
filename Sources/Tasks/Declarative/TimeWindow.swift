import Groundwork

/// A window of time relative to a sample; each end may belong to it or not.
struct TimeWindow: Sendable, Equatable {
    var from: TimePoint
    var to: TimePoint
    var includesStart = true
    var includesEnd = true

    /// Whole milliseconds from `low` through `high`; empty if `low > high`.
    struct Span: Sendable {
        var low: Int64
        var high: Int64

        func contains(_ time: Int64) -> Bool { low <= time && time <= high }
    }

    static let keys = ["from", "to", "closed"]

    /// Reads `from`, `to` and `closed` (`both`, `start`, `end`, `none`) over the values of `fallback`.
    ///
    /// Throws `config.window-order` for a window in which no moment can be.
    init(_ node: ConfigurationNode, over fallback: TimeWindow, prediction: TimePoint) throws {
        try node.allow(Self.keys)
        self = fallback
        if let from = node.child("from") { self.from = try TimePoint(from) }
        if let to = node.child("to") { self.to = try TimePoint(to) }
        if let closed = try node.child("closed")?.choice(["both", "start", "end", "none"]) {
            includesStart = closed == "both" || closed == "start"
            includesEnd = closed == "both" || closed == "end"
        }
        let (first, last) = (self.from.resolved(prediction), self.to.resolved(prediction))
        let isPoint = first == last && !(includesStart && includesEnd)
        if first.isLater(than: last) || isPoint {
            throw node.error("window-order", "the window ends before it begins; no event can be in it.")
        }
    }

    init(
        from: TimePoint, to: TimePoint, includesStart: Bool = true, includesEnd: Bool = true
    ) {
        (self.from, self.to, self.includesStart, self.includesEnd) = (from, to, includesStart, includesEnd)
    }

    /// Refuses inputs that end at something later than the prediction; what may still be later for some patients is cut
    /// there by ``Scene/inputs(_:)``.
    func checkInputs(_ node: ConfigurationNode, prediction: TimePoint) throws {
        guard !to.resolved(prediction).isAhead(of: prediction) else {
            throw node.error(
                "future-input", "inputs may not be later than the prediction time. End the window there.")
        }
    }
}

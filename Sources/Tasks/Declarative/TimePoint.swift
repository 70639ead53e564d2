import Groundwork

/// A moment relative to a sample, such as `prediction - 24h`.
struct TimePoint: Sendable, Equatable {
    /// What the offset is counted from.
    enum Anchor: Sendable, Equatable {
        /// The patient's first event in the tables that the task reads.
        case recordBegin
        /// The trigger's own time.
        case start
        /// The trigger's end.
        case end
        /// An attribute of the trigger that holds a time.
        case attribute(String)
        /// The time at which the prediction is made.
        case prediction
        /// The patient's last event in the tables that the task reads.
        case recordEnd

        /// Anchors of which a lower one is never later; nil if nothing is known of it.
        fileprivate var rank: Int? {
            switch self {
            case .recordBegin: 0
            case .start: 1
            case .end: 2
            case .recordEnd: 3
            case .attribute, .prediction: nil
            }
        }
    }

    var anchor: Anchor
    /// Milliseconds after the anchor.
    var offset: Int64 = 0

    static let anchors: [(name: String, anchor: Anchor)] = [
        ("record_begin", .recordBegin), ("start", .start), ("prediction", .prediction), ("end", .end),
        ("record_end", .recordEnd),
    ]

    /// Reads `ANCHOR`, `ANCHOR + SPAN` or `ANCHOR - SPAN`; throws `config.time-point`.
    init(_ node: ConfigurationNode) throws {
        let text = try node.string().filter { $0 != " " }
        let sign = text.firstIndex { $0 == "+" || $0 == "-" }
        let name = String(text[..<(sign ?? text.endIndex)])
        guard let anchor = Self.anchors.first(where: { $0.name == name })?.anchor else {
            let valid = Self.anchors.map(\.name)
            throw node.error(
                "time-point",
                "expected a moment such as \"prediction - 24h\".\(suggestion(for: name, among: valid)) "
                    + "It begins with one of: \(valid.joined(separator: ", ")).")
        }
        self.anchor = anchor
        guard let sign else { return }
        guard let span = Self.span(String(text[text.index(after: sign)...])) else {
            throw node.error("time-span", "expected a length of time such as 48h after the sign.")
        }
        offset = text[sign] == "-" ? -span : span
    }

    init(_ anchor: Anchor, offset: Int64 = 0) { (self.anchor, self.offset) = (anchor, offset) }

    /// Milliseconds of a text such as `48h`; nil if it is none or beyond 200 years.
    static func span(_ text: String) -> Int64? {
        let units: [Character: Double] = [
            "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
        ]
        if text == "0" { return 0 }
        guard let last = text.last, let unit = units[last], text.first?.isNumber == true,
            let number = Double(text.dropLast())
        else { return nil }
        let milliseconds = (number * unit).rounded()
        return milliseconds <= 200 * 365.25 * 86_400_000 ? Int64(milliseconds) : nil
    }

    /// The same moment without reference to the time of prediction.
    func resolved(_ prediction: TimePoint) -> TimePoint {
        anchor == .prediction ? TimePoint(prediction.anchor, offset: prediction.offset + offset) : self
    }

    /// Whether this is at or before `other` for every sample, as far as the file tells. Both are resolved.
    func isNeverLater(than other: TimePoint) -> Bool {
        if anchor == other.anchor { return offset <= other.offset }
        guard let rank = anchor.rank, let otherRank = other.anchor.rank else { return false }
        return rank < otherRank && offset <= other.offset
    }

    /// Whether this is after `prediction`, or counted from something that is.
    func isAhead(of prediction: TimePoint) -> Bool {
        if let rank = anchor.rank, let other = prediction.anchor.rank {
            return rank > other || isLater(than: prediction)
        }
        return anchor == .recordEnd || isLater(than: prediction)
    }

    /// Whether this is after `other` for every sample (stays that end as they begin aside). Both are resolved.
    func isLater(than other: TimePoint) -> Bool {
        if anchor == other.anchor { return offset > other.offset }
        guard let rank = anchor.rank, let otherRank = other.anchor.rank else { return false }
        return rank > otherRank && offset >= other.offset
    }
}

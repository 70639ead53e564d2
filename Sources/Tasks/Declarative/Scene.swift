import ClinicalData

/// The moments of one sample, and the keys by which other tables' rows belong to its trigger.
struct Scene {
    let trigger: Event
    let start: Timestamp?
    let end: Timestamp?
    let prediction: Timestamp?
    let recordBegin: Timestamp?
    let recordEnd: Timestamp?

    /// The moments of `trigger`; throws ``TaskError/unparsableTime(table:column:)``.
    init(_ trigger: Event, _ rule: DeclarativeTrigger, _ record: PatientRecord) throws {
        self.trigger = trigger
        start = trigger.timestamp
        end = try rule.end.flatMap { try trigger.time($0) }
        (recordBegin, recordEnd) = (record.begin, record.end)
        let base: Timestamp? =
            switch rule.prediction.anchor {
            case .start: start
            case .end: end
            case .attribute(let name): try trigger.time(name)
            case .recordBegin, .recordEnd, .prediction: nil
            }
        prediction = base.map { Timestamp(milliseconds: $0.milliseconds + rule.prediction.offset) }
    }

    /// A moment of this sample; nil if the data do not tell it.
    func time(_ point: TimePoint) -> Int64? {
        let base: Timestamp? =
            switch point.anchor {
            case .recordBegin: recordBegin
            case .start: start
            case .end: end
            case .prediction: prediction
            case .attribute: nil
            case .recordEnd: recordEnd
            }
        return base.map { $0.milliseconds + point.offset }
    }

    /// A window of this sample; nil if the data do not tell one of its ends.
    func span(_ window: TimeWindow) -> TimeWindow.Span? {
        guard let from = time(window.from), let to = time(window.to) else { return nil }
        return TimeWindow.Span(
            low: from + (window.includesStart ? 0 : 1), high: to - (window.includesEnd ? 0 : 1))
    }

    /// A window of inputs: cut at the prediction time.
    func inputs(_ window: TimeWindow) -> TimeWindow.Span? {
        guard let prediction, var span = span(window) else { return nil }
        span.high = min(span.high, prediction.milliseconds)
        return span
    }
}

import ClinicalData
import Groundwork

/// The label of a sample: a number or text found in the data, and how it is read.
struct DeclarativeLabel: Sendable {
    /// Where the label comes from.
    enum Source: Sendable {
        /// The number of events that a selector chooses in the outcome window.
        case event(Int)
        /// Milliseconds from the prediction to the next trigger.
        case nextTrigger
        /// An attribute of this trigger or of the next one.
        case attribute(String, ofNext: Bool)
        /// An aggregate of a number over the outcome window, relative to one over the inputs' time where there is a baseline.
        case measure(Int, value: String, Aggregate, Baseline?)
        /// Milliseconds between two moments.
        case duration(TimePoint, TimePoint)
    }

    /// What a measure is compared with.
    struct Baseline: Sendable {
        let use: Aggregate
        let window: TimeWindow
        let isRatio: Bool
    }

    /// How the number or text becomes a label.
    enum Reading: Sendable {
        case range(NumberRange)
        case condition(EventCondition)
        /// The number of edges at or below the value.
        case bins([Double])
        case classes([String])
        /// The value, divided by the unit.
        case value(unit: Double)
    }

    let field: FieldSchema
    let source: Source
    let reading: Reading
    /// Whether a binary label is 0, not missing, where the data do not tell the value.
    let missingIsNegative: Bool

    /// The label; nil if the data do not tell it.
    func value(_ scene: Scene, next: Event?, _ outcome: TimeWindow?, _ record: PatientRecord) -> FieldValue? {
        if case .attribute(let name, let ofNext) = source {
            guard let event = ofNext ? next : scene.trigger else { return whenMissing }
            return read(event[name])
        }
        guard let number = number(scene, next: next, outcome, record) else { return whenMissing }
        switch reading {
        case .range(let range): return .integer(range.contains(number) ? 1 : 0)
        case .bins(let edges): return .integer(edges.count { $0 <= number })
        case .value(let unit): return .number(number / unit)
        case .condition, .classes: return nil
        }
    }

    /// Whether the data tell the moments from which the label counts. Without them it is not negative but unknown.
    func hasTimes(_ scene: Scene, _ outcome: TimeWindow?) -> Bool {
        switch source {
        case .attribute, .duration: true
        case .nextTrigger: scene.prediction != nil
        case .event: outcome.flatMap(scene.span) != nil
        case .measure(_, _, _, let baseline):
            outcome.flatMap(scene.span) != nil && (baseline.map { scene.inputs($0.window) != nil } ?? true)
        }
    }

    private var whenMissing: FieldValue? { missingIsNegative ? .integer(0) : nil }

    private func read(_ text: String?) -> FieldValue? {
        switch reading {
        case .condition(let condition): return .integer(condition.holds(text) ? 1 : 0)
        case .classes(let classes):
            return text.flatMap { text in classes.firstIndex { $0.utf8.elementsEqual(text.utf8) } }.map {
                .integer($0)
            }
        case .value(let unit): return text.flatMap(finiteNumber).map { .number($0 / unit) }
        case .range, .bins: return nil
        }
    }

    private func number(
        _ scene: Scene, next: Event?, _ outcome: TimeWindow?, _ record: PatientRecord
    ) -> Double? {
        switch source {
        case .event(let selector):
            guard let span = outcome.flatMap(scene.span) else { return nil }
            return Double(record.events(selector).rows(scene, in: span).count)
        case .nextTrigger:
            guard let time = next?.timestamp, let prediction = scene.prediction else { return nil }
            return Double(time.milliseconds(since: prediction))
        case .duration(let from, let to):
            guard let from = scene.time(from), let to = scene.time(to) else { return nil }
            return Double(to - from)
        case .measure(let selector, let value, let use, let baseline):
            guard let span = outcome.flatMap(scene.span) else { return nil }
            let events = record.events(selector)
            func aggregate(_ use: Aggregate, _ span: TimeWindow.Span) -> Double? {
                let column = events.events.column(value)
                return use.of(
                    events.rows(scene, in: span).compactMap { row, _ in
                        column[row].flatMap { finiteNumber(record.patient.symbols[$0]) }
                    })
            }
            guard let measured = aggregate(use, span) else { return nil }
            guard let baseline else { return measured }
            guard let span = scene.inputs(baseline.window), let before = aggregate(baseline.use, span)
            else { return nil }
            guard baseline.isRatio else { return measured - before }
            return before == 0 ? nil : measured / before
        case .attribute: return nil
        }
    }
}

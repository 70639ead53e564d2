import ClinicalData
import Groundwork

/// An input field: which events, what is taken of them, and the form in which the processor wants it.
struct DeclarativeFeature: Sendable {
    /// The form of a field's value.
    enum Form: Sendable {
        /// Codes in canonical order.
        case codes
        /// Codes by the values of an attribute, in order of their first event.
        case groups(by: String)
        /// As the two before, with the time of each code or group.
        case timed(by: String?, Clock)
        /// One text.
        case text(Aggregate)
        /// A row of numbers per moment, one column per item, with times in milliseconds.
        case series(Items)
        /// As ``series``, with times in hours.
        case rows(Items, Clock)
        /// One number per item; what is missing becomes `fill`.
        case vector(Items, Aggregate, fill: Double)
    }

    /// What hours are counted from.
    enum Clock: String, Sendable, CaseIterable {
        /// The entry before; 0 for the first.
        case previous
        case start
        case prediction
    }

    /// Numbers by item; a column may gather several items.
    struct Items: Sendable {
        let value: String
        let item: String?
        let columns: [[String]]
    }

    let field: FieldSchema
    let selector: Int
    let table: String
    let attributes: [String]
    let prefix: String?
    let keepsNulls: Bool
    let isDistinct: Bool
    /// Whether the events have a time.
    let isTimed: Bool
    /// nil: whatever the time.
    let window: TimeWindow?
    let isRequired: Bool
    let form: Form
    /// All attributes that the field reads.
    let read: Set<String>

    /// The rule by which samples without this field's value are left out.
    var rule: String { "nothing for \(field.name)" }

    /// The field's value; nil if the data do not tell its window's ends.
    func value(_ scene: Scene, _ record: PatientRecord) -> FieldValue? {
        var span: TimeWindow.Span?
        if let window {
            guard let found = scene.inputs(window) else { return nil }
            span = found
        }
        let events = record.events(selector)
        let rows = events.rows(scene, in: span)
        let reading = FeatureReading(
            feature: self, events: events.events, symbols: record.patient.symbols, scene: scene)
        return reading.value(rows)
    }

    /// Whether events after the prediction are among the inputs, which `window: any` lets in.
    func isLate(_ scene: Scene, _ record: PatientRecord) -> Bool {
        guard window == nil, isTimed, let prediction = scene.prediction else { return false }
        return record.events(selector).rows(scene, in: nil).contains { $0.time > prediction.milliseconds }
    }

    /// Whether a value holds nothing.
    static func isEmpty(_ value: FieldValue) -> Bool {
        switch value {
        case .codes(let codes): codes.isEmpty
        case .nestedCodes(let groups): groups.isEmpty
        case .numbers(let numbers): numbers.isEmpty
        case .nestedNumbers(let rows): rows.isEmpty
        case .timed(_, let entries): isEmpty(entries)
        case .null: true
        default: false
        }
    }
}

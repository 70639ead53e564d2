import ClinicalData
import Groundwork

/// The events that start a sample, and when the prediction is made.
struct DeclarativeTrigger: Sendable {
    enum Which: String, Sendable, CaseIterable { case each, first, last }

    let table: String
    let conditions: [EventCondition]
    /// The attribute with the end of the stay; nil if there is none.
    let end: String?
    /// The attribute with the visit's id; nil if there is none.
    let id: String?
    let which: Which
    /// Never relative to the prediction itself.
    let prediction: TimePoint

    /// Reads the sections `trigger` and `prediction`.
    init(_ root: ConfigurationNode, _ reader: TaskFileReader) throws {
        let node = try root.required("trigger")
        try node.allow(["table", "where", "end", "id", "which"])
        let table = try reader.table(node.required("table"))
        guard table.isTimed else {
            throw try node.required("table").error(
                "untimed-table", "events of this table have no time. Choose a table with times.")
        }
        self.table = table.name
        conditions = try reader.conditions(node, table)
        end = try node.child("end").map { try reader.attribute($0, of: table) }
        id = try node.child("id").map { try reader.attribute($0, of: table) }
        which =
            Which(rawValue: try node.child("which")?.choice(Which.allCases.map(\.rawValue)) ?? "") ?? .each
        let prediction = try root.required("prediction")
        try prediction.allow(["at", "offset"])
        let at = try prediction.required("at")
        let offset = try Self.offset(prediction.child("offset"))
        switch try at.string() {
        case "start": self.prediction = TimePoint(.start, offset: offset)
        case "end", end: self.prediction = TimePoint(.end, offset: offset)
        default: self.prediction = TimePoint(.attribute(try reader.attribute(at, of: table)), offset: offset)
        }
        if self.prediction.anchor == .end, end == nil {
            throw at.error("missing-key", "the trigger has no end. Name its attribute in trigger.end.")
        }
    }

    /// A length of time with or without a sign.
    private static func offset(_ node: ConfigurationNode?) throws -> Int64 {
        guard let node else { return 0 }
        let text = try node.string()
        let isSigned = text.hasPrefix("+") || text.hasPrefix("-")
        guard let span = TimePoint.span(isSigned ? String(text.dropFirst()) : text) else {
            throw node.error("time-span", "expected a length of time such as +48h.")
        }
        return text.hasPrefix("-") ? -span : span
    }
}

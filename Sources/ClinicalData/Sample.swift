/// A value of one field of a sample, before its processor saw it.
public enum FieldValue: Sendable, Equatable {
    /// A list of codes; nil entries are nulls.
    case codes([Symbol?])
    /// Codes per visit.
    case nestedCodes([[Symbol?]])
    /// A number.
    case number(Double)
    /// A whole number: a binary or multiclass label, a count.
    case integer(Int)
    /// A list of numbers; nil entries are missing.
    case numbers([Double?])
    /// Numbers per visit, or a matrix row by row.
    case nestedNumbers([[Double?]])
    /// Codes per visit and group.
    case deepNestedCodes([[[Symbol?]]])
    /// Numbers per visit and group.
    case deepNestedNumbers([[[Double?]]])
    /// A list of codes or numbers, or one per visit, with the time of each entry; the unit is the task's (hours for `stagenet`,
    /// milliseconds since 1970 for `timeseries`). No times at all is the same as empty times.
    indirect case timed([Double], FieldValue)
    /// A text.
    case text(Symbol)
    /// Nothing: a missing text or number, or no visit; a list of codes or numbers is given as the empty list instead.
    case null
}

/// One training example of one patient: field values in the order of the task's input schema, then its output schema.
public struct Sample: Sendable {
    /// The patient's id.
    public let patientID: Symbol
    /// The visit's id where the task gives one.
    public let visitID: Symbol?
    /// Input values, then output values.
    public let values: [FieldValue]

    /// A sample with values in schema order.
    public init(patientID: Symbol, visitID: Symbol?, values: [FieldValue]) {
        self.patientID = patientID
        self.visitID = visitID
        self.values = values
    }
}

/// A field of a task's schema: its name and the processor that encodes it.
public struct FieldSchema: Sendable, Equatable {
    /// The field's name, for example `conditions`.
    public let name: String
    /// The processor's name, for example `sequence`.
    public let processor: String
    /// Options of the processor by name, for example `padding`; what is not named has its default.
    public let options: [String: FieldOption]

    /// Names that no field may have: sample files hold these of every sample.
    public static let reservedNames: Set<String> = ["patient_id", "visit_id", "split"]

    /// The field `name`, encoded by the processor named `processor` with `options`.
    public init(_ name: String, _ processor: String, _ options: [String: FieldOption] = [:]) {
        self.name = name
        self.processor = processor
        self.options = options
    }
}

/// The value of a processor's option, all but maps written as literals: `["padding": 2, "forward_fill": false]`.
public enum FieldOption: Sendable, Equatable {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case text(String)
    /// The file that maps codes of the vocabulary `source` to `target`, with a column named like each.
    case codeMapping(source: String, target: String, file: String)
}

extension FieldOption: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByStringLiteral
{
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Yes or no.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// A word.
    public init(stringLiteral value: String) { self = .text(value) }
}

/// How a model's output is read: which loss, probability and metrics belong to it.
public enum PredictionMode: String, Sendable, Codable, CaseIterable {
    case binary, multiclass, multilabel, regression
}

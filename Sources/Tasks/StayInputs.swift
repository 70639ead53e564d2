import ClinicalData
import Groundwork

/// The codes from which the length of a patient's stays is told, one stay after the other: the stay's own, as in PyHealth, or
/// those of the visits that were over when it began.
///
/// Diagnoses are coded at discharge and drugs given during the stay; what is to be predicted at admission can be told from
/// earlier visits only.
struct StayInputs {
    /// The option's name in run files.
    static let option = "prior_visits_only"

    private static let noTime = Timestamp(milliseconds: Timestamp.missing)

    private let codes: VisitCodes
    private let keepsNullDrugs: Bool
    private let priorVisitsOnly: Bool
    private var earlier: [(end: Timestamp, lists: [[Symbol?]])] = []

    init(_ codes: VisitCodes, keepsNullDrugs: Bool = false, priorVisitsOnly: Bool) {
        (self.codes, self.keepsNullDrugs, self.priorVisitsOnly) = (codes, keepsNullDrugs, priorVisitsOnly)
    }

    /// Whether a task's section of the run file asks for earlier visits only; throws `ConfigurationError`.
    static func priorVisitsOnly(_ node: ConfigurationNode) throws -> Bool {
        try node.child(option)?.bool() ?? false
    }

    /// The rule by which stays are left out for which ``inputs(of:until:)`` gives nothing.
    static func exclusionRule(priorVisitsOnly: Bool) -> String {
        priorVisitsOnly ? ExclusionRule.missingEarlierCodes : ExclusionRule.missingCodes
    }

    /// The three lists for the next stay, which lasts until `end`; nil if one of them is empty. A visit without an end is
    /// nobody's earlier one. Throws what reading codes or the end throws.
    mutating func inputs(of stay: Event, until end: @autoclosure () throws -> Timestamp?) throws
        -> [FieldValue]?
    {
        guard priorVisitsOnly else { return try codes.inputs(of: stay, keepsNullDrugs: keepsNullDrugs) }
        let begin = stay.timestamp ?? Self.noTime
        let known = earlier.filter { $0.end <= begin }
        if let end = try end() {
            earlier.append((end, try codes.lists(of: stay, keepsNullDrugs: keepsNullDrugs)))
        }
        let lists = VisitCodes.schema.indices.map { kind in known.flatMap { $0.lists[kind] } }
        return lists.contains(where: \.isEmpty) ? nil : lists.map(FieldValue.codes)
    }
}

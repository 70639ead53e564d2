package import ClinicalData
package import Groundwork

/// Will the patient come back to intensive care within the same hospital stay?
///
/// Stays in order of (`patienthealthsystemstayid`, `unitvisitnumber`) as whole numbers, a missing one being 0, ties in the
/// order of the file; the label of each but the last is 1 if the next one has the same `patienthealthsystemstayid`. There is
/// no window of time. With `exclude_minors` stays with an age below 18 are left out; an age that is no whole number
/// (`> 89`) is an adult's. Codes as in ``MortalityPredictionEICU``. Source: PyHealth `ReadmissionPredictionEICU`.
package struct ReadmissionPredictionEICU: ClinicalTask {
    package let name = "ReadmissionPredictionEICU"
    package let datasets = ["eicu"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("readmission", "binary")]
    package let requirements =
        [EICUStays.requirement(hospitalStay, visitNumber, "age")] + EICUStays.sources.requirements
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.minor,
        ExclusionRule.missingCodes, ExclusionRule.noVisitLeft,
    ]
    private static let hospitalStay = "patienthealthsystemstayid"
    private static let visitNumber = "unitvisitnumber"
    /// The names of the options in run files.
    static let options = ["exclude_minors"]
    /// Whether stays of patients under 18 are left out. The default is true.
    package let excludeMinors: Bool

    init(excludeMinors: Bool = true) { self.excludeMinors = excludeMinors }

    /// Throws `ConfigurationError` for an option of a wrong type.
    package init(options: ConfigurationNode) throws {
        self.init(excludeMinors: try options.child("exclude_minors")?.bool() ?? true)
    }

    /// Throws ``TaskError/unparsableNumber(table:column:)`` for a stay's number that is none.
    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let stays = attrition.enter(patient, "patient", atLeast: 2) else { return [] }
        let codes = VisitCodes(patient, EICUStays.sources)
        return try attrition.samplesBeforeNext(
            of: patient, try Self.ordered(stays), id: EICUStays.id
        ) { stay, next in
            if excludeMinors, let age = stay["age"].flatMap({ Int($0) }), age < 18 {
                return .excluded(ExclusionRule.minor)
            }
            guard let inputs = try codes.inputs(of: stay) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            let returns = stay.symbol(Self.hospitalStay) == next.symbol(Self.hospitalStay)
            return .sample(inputs + [.integer(returns ? 1 : 0)])
        }
    }

    private static func ordered(_ stays: Events) throws -> [Event] {
        let keyed = try stays.enumerated().map { place, stay in
            (try stay.integer(hospitalStay) ?? 0, try stay.integer(visitNumber) ?? 0, place, stay)
        }
        return keyed.sorted { ($0.0, $0.1, $0.2) < ($1.0, $1.1, $1.2) }.map(\.3)
    }
}

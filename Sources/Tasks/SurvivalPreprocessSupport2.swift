package import ClinicalData
package import Groundwork

/// What is the chance to survive two or six months, by the SUPPORT model's own estimate?
///
/// One sample per row. Every column of a group becomes a code `<column>_<value>`; a number is written as a double in its
/// shortest form (`age_62.84998`, `edu_11.0`), another text as it is; an empty cell, "none" and a text in a column of numbers
/// are left out. Label: `surv2m` or `surv6m`, cut to 0…1; a row without it is left out. Source: PyHealth
/// `SurvivalPreprocessSupport2`.
package struct SurvivalPreprocessSupport2: ClinicalTask {
    /// How far ahead survival is asked for.
    package enum TimeHorizon: String, Sendable, CaseIterable {
        case twoMonths = "2m"
        case sixMonths = "6m"

        /// The column with the estimate.
        var column: String { "surv\(rawValue)" }
    }

    package let name = "SurvivalPreprocessSupport2"
    package let datasets = ["support2"]
    package var inputSchema: [FieldSchema] { Self.groups.map { FieldSchema($0.field, "sequence") } }
    package let outputSchema = [FieldSchema("survival_probability", "regression")]
    package var requirements: [TableRequirement] {
        [TableRequirement("support2", Self.groups.flatMap { $0.columns.map(\.name) } + [timeHorizon.column])]
    }
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingLabel, ExclusionRule.noVisitLeft,
    ]
    /// The names of the options in run files.
    static let options = ["time_horizon"]
    /// How far ahead. The default is two months.
    package let timeHorizon: TimeHorizon

    private enum Column {
        case number(String)
        case text(String)

        var name: String {
            switch self {
            case .number(let name), .text(let name): name
            }
        }
    }

    private static let groups: [(field: String, columns: [Column])] = [
        (
            "demographics",
            [.number("age"), .number("edu"), .text("sex"), .text("race"), .text("income")]
        ),
        ("disease_codes", [.text("dzgroup"), .text("dzclass")]),
        ("vitals", ["meanbp", "hrt", "resp", "temp", "pafi"].map(Column.number)),
        ("labs", ["wblc", "alb", "bili", "crea", "sod", "ph", "glucose", "bun"].map(Column.number)),
        ("scores", ["sps", "aps", "scoma"].map(Column.number)),
        ("comorbidities", [.number("diabetes"), .number("dementia"), .text("ca")]),
    ]

    init(timeHorizon: TimeHorizon = .twoMonths) { self.timeHorizon = timeHorizon }

    /// Throws `ConfigurationError` for an unknown horizon.
    package init(options: ConfigurationNode) throws {
        let word = try options.child("time_horizon")?.choice(TimeHorizon.allCases.map(\.rawValue))
        self.init(timeHorizon: word.flatMap(TimeHorizon.init) ?? .twoMonths)
    }

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        guard let rows = attrition.enter(patient, "support2") else { return [] }
        return attrition.samples(of: patient, rows, id: nil) { row in
            guard let probability = row[timeHorizon.column].flatMap(finiteNumber) else {
                return .excluded(ExclusionRule.missingLabel)
            }
            let inputs = Self.groups.map { group in
                FieldValue.codes(
                    group.columns.compactMap { Self.code($0, in: row) }.map(patient.symbols.intern))
            }
            return .sample(inputs + [.number(min(max(probability, 0), 1))])
        }
    }

    private static func code(_ column: Column, in row: Event) -> String? {
        guard let text = row[column.name], !text.isEmpty, text.lowercased() != "none" else { return nil }
        switch column {
        case .number(let name): return finiteNumber(text).map { "\(name)_\($0)" }
        case .text(let name): return "\(name)_\(text)"
        }
    }
}

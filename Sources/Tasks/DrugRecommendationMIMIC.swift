package import ClinicalData
package import MedicalCodes

/// Which drugs, as ATC classes, are given in this stay, from the codes of this and all earlier stays? MIMIC-III and MIMIC-IV.
///
/// A visit counts if it has conditions, procedures (as in ``ReadmissionPredictionMIMIC``) and drugs: its `ndc` values through
/// the map NDC → ATC, cut to level 3 (4 characters), each once in order of appearance; null, "0", "nan", "none" and "<na>" are
/// missing, an NDC without a mapping vanishes. Patients with two such visits at least; sample i has the conditions and
/// procedures of visits 0…i, as history the drugs of visits 0…i−1 and an empty list at i, as label the drugs of visit i. Source:
/// PyHealth `DrugRecommendationMIMIC3`, `DrugRecommendationMIMIC4`.
package struct DrugRecommendationMIMIC: ClinicalTask {
    package let name: String
    package let datasets: [String]
    package let inputSchema = ["conditions", "procedures", "drugs_hist"].map {
        FieldSchema($0, "nested_sequence")
    }
    package let outputSchema = [FieldSchema("drugs", "multilabel")]
    package let requirements: [TableRequirement]
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.missingCodes, ExclusionRule.fewerThanTwoLeft,
    ]
    /// The name of the map in run files.
    package static let map = "NDC_to_ATC"
    private let release: MIMICRelease
    private let classes: CodeMap

    /// `classes` maps NDC to ATC.
    package init(_ release: MIMICRelease, classes: CodeMap) {
        self.release = release
        self.classes = classes
        name = release.named("DrugRecommendation")
        datasets = release.datasets
        requirements =
            [TableRequirement("admissions", ["hadm_id"])] + VisitCodes.requirements(release.style)
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient, atLeast: 2) else { return [] }
        let codes = VisitCodes(patient, release.style)
        var visits: [Visit] = []
        for visit in admissions {
            let drugs = classes(of: try codes.drugs.knownCodes(of: visit), patient.symbols)
            let conditions = try codes.conditions.codes(of: visit)
            let procedures = try codes.procedures.codes(of: visit)
            if drugs.isEmpty || conditions.isEmpty || procedures.isEmpty {
                attrition.exclude(ExclusionRule.missingCodes, visits: 1)
            } else {
                visits.append(Visit(visit.symbol("hadm_id"), conditions, procedures, drugs))
            }
        }
        guard visits.count >= 2 else {
            return attrition.leaveOut(ExclusionRule.fewerThanTwoLeft, visits: visits.count)
        }
        for _ in visits { attrition.emit() }
        attrition.close(samples: visits.count, rule: ExclusionRule.fewerThanTwoLeft)
        return visits.indices.map { sample(patient.id, visits[...$0]) }
    }

    private struct Visit {
        let id: Symbol?
        let conditions: [Symbol?]
        let procedures: [Symbol?]
        let drugs: [Symbol?]

        init(_ id: Symbol?, _ conditions: [Symbol?], _ procedures: [Symbol?], _ drugs: [Symbol?]) {
            (self.id, self.conditions, self.procedures, self.drugs) = (id, conditions, procedures, drugs)
        }
    }

    /// The sample of the last of these visits.
    private func sample(_ patient: Symbol, _ visits: ArraySlice<Visit>) -> Sample {
        let history = visits.dropLast().map(\.drugs) + [[]]
        return Sample(
            patientID: patient, visitID: visits.last?.id,
            values: [
                .nestedCodes(visits.map(\.conditions)), .nestedCodes(visits.map(\.procedures)),
                .nestedCodes(history), .codes(visits.last?.drugs ?? []),
            ])
    }

    private func classes(of drugs: [Symbol], _ symbols: SymbolTable) -> [Symbol?] {
        var seen: Set<Symbol> = []
        return drugs.flatMap { drug -> [Symbol] in
            let code = symbols[drug]
            if ["", "0", "nan", "none", "<na>"].contains(code.lowercased()) { return [] }
            return classes.targets(of: code).map { symbols.intern(ATC.code($0, level: 3)) }
        }.filter { seen.insert($0).inserted }
    }
}

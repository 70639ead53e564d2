package import ClinicalData
package import MedicalCodes

/// Which drugs, as ATC classes, are given in this stay, from the codes of this and all earlier stays? MIMIC-III and MIMIC-IV.
///
/// A visit counts if it has conditions, procedures (as in ``ReadmissionPredictionMIMIC``) and drugs: its `ndc` values
/// through the map NDC → ATC, cut to level 3 (4 characters), each once in order of appearance; null, "0", "nan", "none" and
/// "<na>" are missing, an NDC without a mapping vanishes. Patients with two such visits at least; sample i has the
/// conditions and procedures of visits 0…i, as history the drugs of visits 0…i−1 and an empty list at i, as label the drugs
/// of visit i. Source: PyHealth `DrugRecommendationMIMIC3`, `DrugRecommendationMIMIC4`.
package struct DrugRecommendationMIMIC: ClinicalTask {
    package let name: String
    package let datasets: [String]
    package let inputSchema = DrugHistory.inputSchema
    package let outputSchema = DrugHistory.outputSchema
    package let requirements: [TableRequirement]
    package let exclusionRules = DrugHistory.exclusionRules
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
        let codes = VisitCodes(patient, release.style)
        return try DrugHistory.samples(
            of: patient, patient.events("admissions"), id: "hadm_id", attrition: &attrition
        ) { visit in
            [
                try codes.conditions.codes(of: visit), try codes.procedures.codes(of: visit),
                classes(of: try codes.drugs.knownCodes(of: visit), patient.symbols),
            ]
        }
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

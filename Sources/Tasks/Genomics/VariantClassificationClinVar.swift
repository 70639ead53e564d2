package import ClinicalData

/// How harmful is a genetic variant, in five classes?
///
/// One sample per patient (a row of ClinVar), from the first row. The class is found by parts of `clinical_significance` in
/// lower case, in this order: "likely pathogenic"; "pathogenic" without "likely"; "likely benign"; "benign" without
/// "likely"; "uncertain" or "vus"; any other text is left out. Two oddities of the reference are kept: "Pathogenic/Likely
/// pathogenic" is Likely pathogenic, and "Conflicting interpretations of pathogenicity" holds "pathogenic". Source:
/// PyHealth `VariantClassificationClinVar`.
package struct VariantClassificationClinVar: ClinicalTask {
    package let name = "VariantClassificationClinVar"
    package let datasets = ["clinvar"]
    package let inputSchema = [
        FieldSchema("gene_symbol", "text"), FieldSchema("variant_type", "text"),
        FieldSchema("chromosome", "text"),
    ]
    package let outputSchema = [FieldSchema("clinical_significance", "multiclass")]
    package let requirements = [
        TableRequirement(
            "variants", ["gene_symbol", "variant_type", "chromosome", "clinical_significance"])
    ]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingLabel, ExclusionRule.noVisitLeft,
    ]

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        let first = patient.events("variants").prefix(1)
        guard attrition.enter(first) else { return [] }
        return attrition.samples(of: patient, first, id: nil) { variant in
            guard let label = variant["clinical_significance"].flatMap(Self.significance) else {
                return .excluded(ExclusionRule.missingLabel)
            }
            let inputs = inputSchema.map { variant.text($0.name) }
            return .sample(inputs + [.text(patient.symbols.intern(label))], label: label)
        }
    }

    /// The class that a text names, nil if it names none.
    static func significance(_ text: String) -> String? {
        let text = text.lowercased()
        let isLikely = text.contains("likely")
        let classes = [
            ("likely pathogenic", true, "Likely pathogenic"), ("pathogenic", !isLikely, "Pathogenic"),
            ("likely benign", true, "Likely benign"), ("benign", !isLikely, "Benign"),
            ("uncertain", true, "Uncertain significance"), ("vus", true, "Uncertain significance"),
        ]
        return classes.first { part, counts, _ in counts && text.contains(part) }?.2
    }
}

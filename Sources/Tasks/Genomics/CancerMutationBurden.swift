package import ClinicalData

/// Does the tumour of a patient with prostate cancer have many mutations?
///
/// One sample of every patient, label 1 with at least 10 mutated genes (repeats count). `age_at_diagnosis` is that of the
/// first clinical row, 0 if missing. Source: PyHealth `CancerMutationBurden`.
package struct CancerMutationBurden: ClinicalTask {
    package let name = "CancerMutationBurden"
    package let datasets = ["tcgaprad"]
    package let inputSchema = [
        FieldSchema("mutations", "sequence"), FieldSchema("age_at_diagnosis", "tensor"),
    ]
    package let outputSchema = [FieldSchema("high_tmb", "binary")]
    package let requirements = [
        TableRequirement("mutations", ["hugo_symbol"]), TableRequirement("clinical", ["age_at_diagnosis"]),
    ]
    package let exclusionRules: [String] = []
    /// The number of mutated genes from which on there are many.
    static let threshold = 10

    /// Throws ``TaskError/unparsableNumber(table:column:)`` for an age that is none.
    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        attrition.enter(visits: 1)
        let age = try patient.events("clinical").first?.number("age_at_diagnosis") ?? 0
        let genes = CollectionOfOne(patient.mutatedGenes)
        return attrition.samples(of: patient, genes, id: { _ in nil }) { genes in
            .sample([.codes(genes), .number(age), .integer(genes.count >= Self.threshold ? 1 : 0)])
        }
    }
}

extension Patient {
    /// The genes of a TCGA patient's mutations in the order of the file, repeats kept, nulls left out.
    var mutatedGenes: [Symbol?] { events("mutations").column("hugo_symbol").filter { $0 != nil } }
}

import ClinicalData

/// A task some of whose fields map their codes when they are encoded; its samples are the same.
struct CodeMappedTask: ClinicalTask {
    let base: any ClinicalTask
    let inputSchema: [FieldSchema]

    var name: String { base.name }
    var datasets: [String] { base.datasets }
    var outputSchema: [FieldSchema] { base.outputSchema }
    var requirements: [TableRequirement] { base.requirements }
    var timedTables: [String] { base.timedTables }
    var exclusionRules: [String] { base.exclusionRules }

    func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        try base.samples(of: patient, attrition: &attrition)
    }
}

package import Groundwork

/// All tasks by name.
package enum TaskCatalog {
    /// What a task is made of: its section of the run file, and the maps that this names.
    private typealias Make = @Sendable (ConfigurationNode, CodeMapSection) throws -> any ClinicalTask

    private struct Entry: Sendable {
        let name: String
        let options: [String]
        let make: Make

        init(_ name: String, options: [String] = [], _ make: @escaping Make) {
            (self.name, self.options, self.make) = (name, options, make)
        }
    }

    private static let entries: [Entry] = [
        Entry("BenchmarkEHRShot", options: BenchmarkEHRShot.options) { node, _ in
            try BenchmarkEHRShot(options: node)
        },
        Entry("CancerMutationBurden") { _, _ in CancerMutationBurden() },
        Entry("CancerSurvivalPrediction") { _, _ in CancerSurvivalPrediction() },
        Entry("DKAPredictionMIMIC4", options: ["padding"]) { node, _ in
            DKAPredictionMIMIC4(padding: try StageNetHistory.padding(node))
        },
        Entry("DeIDNERTask", options: DeIDNERTask.options) { node, _ in try DeIDNERTask(options: node) },
        Entry("DrugRecommendationEICU") { _, _ in DrugRecommendationEICU() },
        Entry("DrugRecommendationMIMIC3") { _, maps in
            DrugRecommendationMIMIC(.mimic3, classes: try maps.required(DrugRecommendationMIMIC.map))
        },
        Entry("DrugRecommendationMIMIC4") { _, maps in
            DrugRecommendationMIMIC(.mimic4, classes: try maps.required(DrugRecommendationMIMIC.map))
        },
        Entry("DrugRecommendationOMOP") { _, _ in DrugRecommendationOMOP() },
        Entry("EHRCodeSetGenerationMIMIC3") { _, _ in EHRGenerationMIMIC(.codeSet, .mimic3) },
        Entry("EHRCodeSetGenerationMIMIC4") { _, _ in EHRGenerationMIMIC(.codeSet, .mimic4) },
        Entry("EHRGenerationMIMIC3", options: ["encoding"]) { node, _ in
            try EHRGenerationMIMIC(.visits, .mimic3, options: node)
        },
        Entry("EHRGenerationMIMIC4", options: ["encoding"]) { node, _ in
            try EHRGenerationMIMIC(.visits, .mimic4, options: node)
        },
        Entry("EHRSequenceGenerationMIMIC3") { _, _ in EHRGenerationMIMIC(.sequence, .mimic3) },
        Entry("EHRSequenceGenerationMIMIC4") { _, _ in EHRGenerationMIMIC(.sequence, .mimic4) },
        Entry("HospitalisationPredictionMIMIC3", options: ReadmissionOptions.names) { node, _ in
            try HospitalisationPredictionMIMIC(.mimic3, options: node)
        },
        Entry("HospitalisationPredictionMIMIC4", options: ReadmissionOptions.names) { node, _ in
            try HospitalisationPredictionMIMIC(.mimic4, options: node)
        },
        Entry("InHospitalMortalityMEDS", options: InHospitalMortalityMEDS.options) { node, _ in
            try InHospitalMortalityMEDS(options: node)
        },
        Entry("InHospitalMortalityMIMIC4") { _, _ in InHospitalMortalityMIMIC4() },
        Entry("LengthOfStayPredictionMIMIC3", options: [StayInputs.option]) { node, _ in
            try LengthOfStayPredictionMIMIC(.mimic3, options: node)
        },
        Entry("LengthOfStayPredictionMIMIC4", options: [StayInputs.option]) { node, _ in
            try LengthOfStayPredictionMIMIC(.mimic4, options: node)
        },
        Entry("LengthOfStayPredictionOMOP", options: [StayInputs.option]) { node, _ in
            try LengthOfStayPredictionOMOP(options: node)
        },
        Entry("LengthOfStayPredictioneICU", options: [StayInputs.option]) { node, _ in
            try LengthOfStayPredictioneICU(options: node)
        },
        Entry("LengthOfStayStageNetMIMIC4", options: StageNetMIMIC4.options) { node, _ in
            try StageNetMIMIC4(.lengthOfStay, options: node)
        },
        Entry("MIMIC3ICD9Coding") { _, _ in ICDCodingMIMIC(.mimic3ICD9) },
        Entry("MIMIC4ICD10Coding") { _, _ in ICDCodingMIMIC(.mimic4ICD10) },
        Entry("MIMIC4ICD9Coding") { _, _ in ICDCodingMIMIC(.mimic4ICD9) },
        Entry("MedicalTranscriptionsClassification") { _, _ in MedicalTranscriptionsClassification() },
        Entry("MortalityPredictionEICU") { _, _ in MortalityPredictionEICU() },
        Entry("MortalityPredictionEICU2") { _, _ in MortalityPredictionEICU2() },
        Entry("MortalityPredictionMIMIC3") { _, _ in MortalityPredictionMIMIC3() },
        Entry("MortalityPredictionMIMIC4") { _, _ in MortalityPredictionMIMIC4() },
        Entry("MortalityPredictionOMOP", options: MortalityPredictionOMOP.options) { node, _ in
            try MortalityPredictionOMOP(options: node)
        },
        Entry("MortalityPredictionStageNetMIMIC4", options: StageNetMIMIC4.options) { node, _ in
            try StageNetMIMIC4(.mortality, options: node)
        },
        Entry("MultimodalMortalityPredictionMIMIC3") { _, _ in MultimodalMortalityPredictionMIMIC3() },
        Entry("MultimodalMortalityPredictionMIMIC4") { _, _ in MultimodalMortalityPredictionMIMIC4() },
        Entry("MutationPathogenicityPrediction") { _, _ in MutationPathogenicityPrediction() },
        Entry("PatientLinkageMIMIC3Task") { _, _ in PatientLinkageMIMIC3Task() },
        Entry("ReadmissionPredictionEICU", options: ReadmissionPredictionEICU.options) { node, _ in
            try ReadmissionPredictionEICU(options: node)
        },
        Entry("ReadmissionPredictionMIMIC3", options: ReadmissionOptions.names) { node, _ in
            try ReadmissionPredictionMIMIC(.mimic3, options: node)
        },
        Entry("ReadmissionPredictionMIMIC4", options: ReadmissionOptions.names) { node, _ in
            try ReadmissionPredictionMIMIC(.mimic4, options: node)
        },
        Entry("ReadmissionPredictionOMOP", options: ReadmissionOptions.names) { node, _ in
            try ReadmissionPredictionOMOP(options: node)
        },
        Entry("SurvivalPreprocessSupport2", options: SurvivalPreprocessSupport2.options) { node, _ in
            try SurvivalPreprocessSupport2(options: node)
        },
        Entry("T1DDKAPredictionMIMIC4", options: ["dka_window_days", "padding"]) { node, _ in
            T1DDKAPredictionMIMIC4(
                dkaWindowDays: try node.child("dka_window_days")?.int(in: 0...36_500) ?? 90,
                padding: try StageNetHistory.padding(node))
        },
        Entry("VariantClassificationClinVar") { _, _ in VariantClassificationClinVar() },
    ]

    /// The names of all tasks, in alphabetical order.
    package static var names: [String] { entries.map(\.name) }

    /// All attributes that the tasks of a data set read with their default options, by table.
    package static func attributesRead(of dataset: String) -> [String: Set<String>] {
        var read: [String: Set<String>] = [:]
        for name in names {
            guard let node = try? ConfigurationNode.parse("name: \(name)", file: "task"),
                let task = try? make(node), task.datasets.contains(dataset)
            else { continue }
            for table in task.requirements { read[table.table, default: []].formUnion(table.attributes) }
        }
        return read
    }

    /// The task that a run file's `task` section asks for.
    ///
    /// Throws `ConfigurationError` for an unknown name and an unknown or wrong option, and what is wrong with a file of
    /// `code_maps`.
    package static func make(_ node: ConfigurationNode) throws -> any ClinicalTask {
        let name = try node.required("name").choice(names)
        guard let entry = entries.first(where: { $0.name == name }) else {
            preconditionFailure("TaskCatalog: \(name) is listed but has no entry")
        }
        try node.allow(["name"] + entry.options + CodeMapSection.keys)
        let maps = try CodeMapSection(node)
        let task = try entry.make(node, maps)
        guard node.child("code_mapping") != nil else { return task }
        return CodeMappedTask(base: task, inputSchema: try maps.mapped(task.inputSchema))
    }
}

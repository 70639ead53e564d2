import ClinicalData
import Datasets
import Foundation
import Groundwork
import MedicalCodes
import TestSupport
import Testing

@testable import Tasks

@Suite struct TaskCatalogTests {
    private let folder: TemporaryFolder
    private let maps: String

    init() throws {
        folder = try TemporaryFolder("tasks")
        try Data("NDC,ATC\n1,A01AA01\n".utf8).write(to: URL(fileURLWithPath: folder.file("ndc.csv")))
        maps = "code_maps: {NDC_to_ATC: \"\(folder.file("ndc.csv"))\"}"
    }

    private func task(named name: String) throws -> any ClinicalTask {
        try makeTask("name: \(name)\n\(maps)" + (name == "BenchmarkEHRShot" ? "\ntask: guo_los" : ""))
    }

    @Test func listsTasksInAlphabeticalOrderAndMakesEach() throws {
        #expect(TaskCatalog.names == TaskCatalog.names.sorted())
        for name in TaskCatalog.names {
            let task = try task(named: name)
            #expect(task.name == name)
            #expect(!task.datasets.isEmpty)
            let fields = (task.inputSchema + task.outputSchema).map(\.name)
            #expect(FieldSchema.reservedNames.isDisjoint(with: fields), "\(name)")
            #expect(Set(fields).count == fields.count, "\(name)")
            #expect(Set(task.exclusionRules).count == task.exclusionRules.count)
            #expect(task.neededAttributes.count == task.requirements.count)
        }
    }

    @Test func everyDataSetOfATaskHasTheTablesAndColumnsItNeeds() throws {
        for name in TaskCatalog.names {
            let task = try task(named: name)
            for dataset in task.datasets {
                let definition = try DatasetDefinition.builtIn(dataset)
                for need in task.requirements {
                    let table = try #require(
                        definition.tables.first { $0.name == need.table }, "\(name), \(dataset)")
                    let known = Set(table.attributes + table.extraAttributes)
                    #expect(known.isSuperset(of: need.attributes), "\(name), \(dataset), \(need.table)")
                }
            }
        }
    }

    @Test func suggestsTheNearestTask() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: MortalityPredictionMIMC3")
        }
        #expect(error?.code == "config.unknown-value")
        #expect(error?.message.contains("Did you mean \"MortalityPredictionMIMIC3\"?") == true)
    }

    @Test func namesTheValidOptionsForAnUnknownOne() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: ReadmissionPredictionMIMIC3\nwindows: 30")
        }
        #expect(error?.code == "config.unknown-key")
        #expect(error?.message.contains("window, exclude_minors") == true)
        #expect(error?.message.contains("line 2") == true)
    }

    @Test(arguments: [
        ("window: -1", "config.range"), ("window: long", "config.type"), ("window: nan", "config.range"),
        ("exclude_minors: 3", "config.type"),
    ])
    func refusesWrongOptionValues(line: String, code: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: ReadmissionPredictionMIMIC3\n\(line)")
        }
        #expect(error?.code == code)
    }

    @Test func readsTheOptionsOfReadmission() throws {
        let task = try #require(
            try makeTask("{name: ReadmissionPredictionMIMIC3, window: 30.5, exclude_minors: false}")
                as? ReadmissionPredictionMIMIC)
        #expect(task.options.window == 30.5 && !task.options.excludeMinors)
        let plain = try #require(
            try makeTask("name: ReadmissionPredictionMIMIC3") as? ReadmissionPredictionMIMIC)
        #expect(plain.options.window == 15 && plain.options.excludeMinors)
    }

    @Test func mapsTheCodesOfAFieldWhenTheyAreEncoded() throws {
        let mapped = try makeTask(
            "name: MortalityPredictionMIMIC3\n\(maps)\ncode_mapping: {drugs: [NDC, ATC]}")
        let file = folder.file("ndc.csv")
        let option = FieldOption.codeMapping(source: "NDC", target: "ATC", file: file)
        #expect(mapped.inputSchema[2] == FieldSchema("drugs", "sequence", ["code_mapping": option]))
        #expect(mapped.inputSchema[0] == FieldSchema("conditions", "sequence"))
        let plain = try makeTask("name: MortalityPredictionMIMIC3")
        #expect(mapped.requirements == plain.requirements)
        #expect(mapped.exclusionRules == plain.exclusionRules)
        let backwards = try makeTask(
            "name: MortalityPredictionMIMIC3\n\(maps)\ncode_mapping: {drugs: [ATC, NDC]}")
        #expect(
            backwards.inputSchema[2].options["code_mapping"]
                == .codeMapping(source: "ATC", target: "NDC", file: file))
    }

    @Test(arguments: [
        ("code_mapping: {drugs: [NDC, RxNorm]}", "config.missing-code-map", "NDC_to_RxNorm"),
        ("code_mapping: {drug: [NDC, ATC]}", "config.unknown-key", "Did you mean \"drugs\"?"),
        ("code_mapping: {drugs: [NDC]}", "config.type", "[NDC, ATC]"),
        ("code_mapping: {clinical_notes: [NDC, ATC]}", "config.unknown-key", "conditions"),
    ])
    func refusesAMappingThatCannotBe(line: String, code: String, words: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: MultimodalMortalityPredictionMIMIC3\n\(maps)\n\(line)")
        }
        #expect(error?.code == code)
        #expect(error?.message.contains(words) == true)
    }

    @Test(arguments: [
        ("NDC: a.csv", "config.code-map"), ("_to_ATC: a.csv", "config.code-map"),
        ("NDC_to_ATC: /nowhere/a.csv", "file.open"),
    ])
    func refusesACodeMapThatCannotBe(map: String, code: String) throws {
        let error =
            #expect(throws: (any Error).self) {
                try makeTask("name: MortalityPredictionMIMIC3\ncode_maps: {\(map)}")
            } as? any PyHealthError
        #expect(error?.code == code)
    }

    @Test func refusesABadRowOfAMapWithItsPlace() throws {
        try Data("NDC,ATC\n1,\n".utf8).write(to: URL(fileURLWithPath: folder.file("bad.csv")))
        let error = #expect(throws: MedicalCodeError.self) {
            try makeTask(
                "name: DrugRecommendationMIMIC4\ncode_maps: {NDC_to_ATC: \"\(folder.file("bad.csv"))\"}")
        }
        #expect(error == .emptyCode(file: folder.file("bad.csv"), line: 2, column: "ATC"))
    }

    @Test func readsTheOptionsOfTheDiabetesTask() throws {
        let task = try #require(
            try makeTask("{name: T1DDKAPredictionMIMIC4, dka_window_days: 30, padding: 2}")
                as? T1DDKAPredictionMIMIC4)
        #expect(task.windowDays == 30)
        #expect(task.inputSchema[0].options["padding"] == .integer(2))
        let plain = try #require(
            try makeTask("name: T1DDKAPredictionMIMIC4") as? T1DDKAPredictionMIMIC4)
        #expect(plain.windowDays == 90)
        #expect(plain.inputSchema[0].options["padding"] == .integer(0))
    }

    @Test func encodesGeneratedVisitsAsAsked() throws {
        #expect(
            try makeTask("name: EHRGenerationMIMIC3").inputSchema == [
                FieldSchema("visits", "nested_sequence")
            ])
        #expect(
            try makeTask("{name: EHRGenerationMIMIC4, encoding: nested_multihot}").inputSchema
                == [FieldSchema("visits", "nested_multihot")])
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("{name: EHRGenerationMIMIC4, encoding: dense}")
        }
        #expect(error?.code == "config.unknown-value")
    }
}

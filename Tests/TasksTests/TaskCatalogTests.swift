import Groundwork
import Tasks
import Testing

@Suite struct TaskCatalogTests {
    @Test func listsTasksInAlphabeticalOrderAndMakesEach() throws {
        #expect(TaskCatalog.names == TaskCatalog.names.sorted())
        for name in TaskCatalog.names {
            let task = try makeTask("name: \(name)")
            #expect(task.name == name)
            #expect(task.datasets == ["mimic3"])
            #expect(Set(task.exclusionRules).count == task.exclusionRules.count)
            #expect(task.neededAttributes.count == task.requirements.count)
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

    @Test func saysThatCodeMappingsAreNotSupported() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: MortalityPredictionMIMIC3\ncode_mapping: {conditions: [ICD9CM, CCSCM]}")
        }
        #expect(error?.code == "config.unsupported-option")
    }

    @Test func readsTheOptionsOfReadmission() throws {
        let task = try #require(
            try makeTask("{name: ReadmissionPredictionMIMIC3, window: 30.5, exclude_minors: false}")
                as? ReadmissionPredictionMIMIC3)
        #expect(task.window == 30.5 && !task.excludeMinors)
        let plain = try #require(
            try makeTask("name: ReadmissionPredictionMIMIC3") as? ReadmissionPredictionMIMIC3)
        #expect(plain.window == 15 && plain.excludeMinors)
    }
}

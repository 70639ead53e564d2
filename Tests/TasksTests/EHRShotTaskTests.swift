import ClinicalData
import Datasets
import Groundwork
import Testing

@testable import Tasks

@Suite struct EHRShotTaskTests {
    /// A patient in the part "train" with codes a (no time), b, c, d, e and one label.
    private func events(_ table: String, value: String?, at time: String? = "2020-06-01 12:00:00")
        -> HandMadeEvents
    {
        var events = HandMadeEvents()
        for (code, moment, omop) in [
            ("a", nil, "person"), ("b", "2019-01-01", "condition_occurrence"),
            ("c", "2020-06-01 12:00:00", "measurement"), ("d", "2020-06-01 12:00:01", "measurement"),
        ] {
            events.add("ehrshot", "7", at: moment, ["code": code, "omop_table": omop])
        }
        events.add("ehrshot", "7", at: "2019-01-02", ["code": "x"])
        events.add("splits", "7", ["split": "train"])
        var values: [String: String] = [:]
        values["value"] = value
        events.add(table, "7", at: time, values)
        return events
    }

    @Test func takesCodesUpToAndIncludingThePredictionTime() throws {
        let found = try events("guo_los", value: "True").extraction(BenchmarkEHRShot(.guoLengthOfStay))
        let sample = try #require(found.samples.first)
        #expect(sample.codes["feature"] == ["b", "x", "c"])
        #expect(sample.values["label"] == .text("True"))
        #expect(sample.values["ehrshot_split"] == .text("train"))
        #expect(found.attrition.labels.map(\.value) == ["True"])
    }

    @Test func takesCodesOfTheNamedTablesOnly() throws {
        let task = try makeTask(
            "{name: BenchmarkEHRShot, task: lab_anemia, omop_tables: [measurement, note]}")
        let sample = try #require(try events("lab_anemia", value: "2").extraction(task).samples.first)
        #expect(sample.codes["feature"] == ["c"])
        #expect(sample.values["label"] == .text("2"))
    }

    @Test(arguments: [(0, []), (1, [13]), (8192, [0]), (8193, [0, 13]), (16383, Array(0..<14))])
    func turnsTheBitsOfChexpertIntoPlacesFromTheHighest(bits: Int, places: [Int]) throws {
        let found = try events("chexpert", value: "\(bits)").extraction(BenchmarkEHRShot(.chexpert))
        #expect(found.samples.first?.values["label"] == .list(places.map { .number(Double($0)) }))
        #expect(found.attrition.labels.isEmpty && found.attrition.samplesOut == 1)
    }

    @Test(arguments: ["16384", "-1", "3.0", "True"]) func refusesALabelThatIsNoBitMask(value: String) throws {
        let events = events("chexpert", value: value)
        let error = #expect(throws: TaskError.self) {
            try events.extraction(BenchmarkEHRShot(.chexpert))
        }
        #expect(error?.code == "task.wrong-label")
        #expect(error?.message.contains("\"chexpert\", column \"value\"") == true)
        #expect(error?.message.contains(value) == false)
    }

    @Test func refusesALabelledPatientInNoOrTwoSplits() throws {
        let task = BenchmarkEHRShot(.lupus)
        var events = events("new_lupus", value: "False")
        events.add("splits", "7", ["split": "val"])
        events.add("splits", "8", ["split": "val"])
        let error = #expect(throws: TaskError.self) { try events.extraction(task) }
        #expect(error == .notOneRow(table: "splits", count: 2))
        var other = HandMadeEvents()
        other.add("new_lupus", "9", at: "2020-01-01", ["value": "True"])
        #expect(throws: TaskError.notOneRow(table: "splits", count: 0)) { try other.extraction(task) }
        #expect(error?.code == "task.not-one-row")
    }

    @Test func leavesOutLabelsWithoutATimeOrAValueAndPatientsWithoutLabels() throws {
        var events = events("guo_icu", value: "True", at: nil)
        events.add("guo_icu", "7", at: "2020-01-01")
        events.add("splits", "8", ["split": "test"])
        let found = try events.extraction(BenchmarkEHRShot(.guoICU))
        #expect(found.samples.isEmpty)
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1, 0])
        #expect(found.attrition.exclusions.map(\.patients) == [1, 0, 0, 1])
    }

    @Test func knowsFifteenTasksOfThreeKinds() throws {
        let kinds = Dictionary(grouping: EHRShotBenchmark.allCases, by: \.labelProcessor)
        #expect(kinds.mapValues(\.count) == ["binary": 9, "multiclass": 5, "multilabel": 1])
        let definition = try DatasetDefinition.builtIn("ehrshot")
        for benchmark in EHRShotBenchmark.allCases {
            let task = try makeTask("{name: BenchmarkEHRShot, task: \(benchmark.rawValue)}")
            #expect(task.outputSchema.map(\.processor) == [benchmark.labelProcessor, "raw"])
            #expect(definition.tables.contains { $0.name == benchmark.rawValue })
        }
    }

    @Test(arguments: [
        ("{name: BenchmarkEHRShot}", "config.missing-key"),
        ("{name: BenchmarkEHRShot, task: guo_loss}", "config.unknown-value"),
        ("{name: BenchmarkEHRShot, task: guo_los, omop_tables: []}", "config.empty"),
    ])
    func refusesWrongOptions(yaml: String, code: String) {
        let error = #expect(throws: ConfigurationError.self) { try makeTask(yaml) }
        #expect(error?.code == code)
    }
}

import ClinicalData
import Datasets
import Processors
import TestSupport
import Testing

@testable import Tasks

/// The task files of the documentation: three give the samples of built-in tasks, three run over open data.
@Suite struct DeclarativeExampleTests {
    static let twins = [
        ("mimic3-mortality", "MortalityPredictionMIMIC3"),
        ("mimic3-readmission", "ReadmissionPredictionMIMIC3"),
        ("mimic3-length-of-stay", "LengthOfStayPredictionMIMIC3"),
    ]

    @Test func thereAreSixExamples() { #expect(DeclaredTask.examples.count == 6) }

    @Test(.enabled(if: References.dataFolder("mimic3_demo") != nil), arguments: twins)
    func givesTheSamplesOfTheBuiltInTaskOnTheDemo(example: String, name: String) throws {
        let root = try #require(References.dataFolder("mimic3_demo"))
        let definition = try DatasetDefinition.builtIn("mimic3")
        let declared = try DeclaredTask.example(example, definition)
        let builtIn = try makeTask("name: \(name)")
        func extraction(_ task: any ClinicalTask) throws -> Extraction {
            let events = try LoadedEvents(
                definition, tables: task.requirements.map(\.table), needs: task.neededAttributes,
                root: root.path, shardSize: 30)
            return try Extraction(task, events.shards)
        }
        let (own, wanted) = (try extraction(declared), try extraction(builtIn))
        try compare(own, wanted)
        #expect(own.samples.count > 20)
    }

    /// Codes with their version before them, as the MIMIC-IV tasks have them.
    @Test(.enabled(if: References.dataFolder("mimic4_demo") != nil))
    func givesTheSamplesOfReadmissionOnMIMIC4() throws {
        let root = try #require(References.dataFolder("mimic4_demo"))
        let definition = try DatasetDefinition.builtIn("mimic4ehr")
        let codes =
            "prefix: icd_version, same: hadm_id, window: any, nulls: keep, required: true, processor: sequence"
        let declared = try DeclaredTask.task(
            """
            name: Readmission
            datasets: [mimic4ehr]
            trigger: {table: admissions, end: dischtime, id: hadm_id}
            prediction: {at: dischtime}
            features:
              - {name: conditions, table: diagnoses_icd, attribute: icd_code, \(codes)}
              - {name: procedures, table: procedures_icd, attribute: icd_code, \(codes)}
              - {name: drugs, processor: sequence, table: prescriptions, attribute: ndc, same: hadm_id, window: any,
                 required: true}
            label: {name: readmission, type: binary, next_trigger: {within: 30d}}
            """, of: "mimic4ehr")
        let builtIn = try makeTask("{name: ReadmissionPredictionMIMIC4, window: 30, exclude_minors: false}")
        func extraction(_ task: any ClinicalTask) throws -> Extraction {
            let events = try LoadedEvents(
                definition, tables: task.requirements.map(\.table), needs: task.neededAttributes,
                root: root.path)
            return try Extraction(task, events.shards)
        }
        let own = try extraction(declared)
        try compare(own, try extraction(builtIn))
        #expect(own.samples.count > 20)
    }

    @Test(arguments: twins)
    func givesTheSamplesOfTheBuiltInTaskOnAwkwardVisits(example: String, name: String) throws {
        let declared = try DeclaredTask.example(example, DatasetDefinition.builtIn("mimic3"))
        let builtIn = try makeTask("name: \(name)")
        let events = Self.awkward
        try compare(try events.extraction(declared), try events.extraction(builtIn))
        #expect(try events.extraction(declared).samples.count > 2)
    }

    /// Missing times, overlapping stays, minors, missing codes, empty cells, gaps just at the edges.
    private static var awkward: HandMadeEvents {
        var events = HandMadeEvents()
        events.add("patients", "1", ["dob": "2083-01-10 00:00:00"])
        events.addVisit("1", "11", from: "2101-01-09 10:00:00", to: "2101-01-10 10:00:00", died: "x")
        events.addVisit("1", "12", from: "2101-01-25 10:00:00", to: "2101-02-03 10:00:00", died: "1")
        events.addVisit("1", "13", from: "2101-02-02 09:00:00", to: "2101-02-17 09:00:00", died: "1")
        events.addVisit("1", "14", from: "2101-03-04 08:59:59", to: "2101-03-12 08:59:58")
        events.addVisit("2", "21", from: nil, to: "2101-01-10")
        events.addVisit("2", "22", from: "2101-01-12", to: nil)
        events.addVisit("2", "23", from: "2101-02-12", to: "2101-02-11")
        events.add("diagnoses_icd", "2", ["hadm_id": "23"])
        events.add("prescriptions", "2", ["hadm_id": "23"])
        events.add("prescriptions", "2", at: "2199-01-01", ["hadm_id": "23", "ndc": "0"])
        events.add("admissions", "2", at: "2101-02-20", ["hadm_id": "24", "dischtime": "2101-02-21"])
        events.add("prescriptions", "2", ["hadm_id": "24"])
        events.addVisit("2", "25", from: "2101-02-22", to: "2101-03-01")
        events.add("admissions", "3", at: "2101-02-20", ["dischtime": "2101-02-21"])
        events.addVisit("3", "32", from: "2101-02-22", to: "2101-03-01", died: "1")
        events.add("patients", "4")
        return events
    }

    private func compare(_ own: Extraction, _ wanted: Extraction) throws {
        try #require(own.samples.count == wanted.samples.count)
        for (number, (a, b)) in zip(own.samples, wanted.samples).enumerated() {
            #expect(a == b, "sample \(number)")
        }
        #expect(own.attrition.isBalanced)
        #expect(own.attrition.labels == wanted.attrition.labels)
        #expect(own.attrition.patientsIn == wanted.attrition.patientsIn)
        #expect(own.attrition.visitsIn == wanted.attrition.visitsIn)
        #expect(own.attrition.patientsOut == wanted.attrition.patientsOut)
    }

    @Test(
        .enabled(if: References.dataFolder("mimic4_demo") != nil),
        arguments: ["readmission-30-days", "icu-mortality", "creatinine-rise"])
    func runsOnTheDemoWithABalancedAttrition(example: String) throws {
        let root = try #require(References.dataFolder("mimic4_demo"))
        let definition = try DatasetDefinition.builtIn("mimic4ehr")
        let task = try DeclaredTask.example(example, definition)
        func extraction(_ shardSize: Int) throws -> Extraction {
            let events = try LoadedEvents(
                definition, tables: task.requirements.map(\.table), needs: task.neededAttributes,
                root: root.path, shardSize: shardSize)
            return try Extraction(task, events.shards)
        }
        let found = try extraction(1000)
        let table = found.attrition
        #expect(table.isBalanced)
        let people = try LoadedEvents(definition, tables: ["patients"], root: root.path).events
        #expect(table.patientsIn == Set(people.map(\.patient)).count)
        #expect(table.samplesOut > 0, "\(table.csv)")
        #expect(try extraction(7).samples == found.samples)
        let values = table.labels.map(\.value)
        let label = try #require(task.outputSchema.first).name
        let given = Set(found.samples.compactMap { $0.values[label]?.number }).sorted()
        #expect(
            values == given.map { "\(Int($0))" } && given.allSatisfy { [0, 1].contains($0) }, "\(table.csv)")
        #expect(table.labels.reduce(0) { $0 + $1.samples } == found.samples.count)
        // A label that has one value among so few patients cannot be learnt.
        guard values.count == 2 else { return }
        var processors = try FittedProcessors(inputs: task.inputSchema, outputs: task.outputSchema)
        for part in found.parts { try processors.fit(part, selecting: nil) }
        try processors.finishFit()
        for part in found.parts {
            let columns = try processors.encode(part, rows: 0..<part.count)
            #expect(columns.allSatisfy { $0.sampleCount == part.count })
        }
    }
}

import Foundation
import Groundwork
import Stages
import TestSupport
import Testing

/// A run file that names a task file: what the job takes along, what is computed anew when it changes, what is refused.
@Suite struct TaskFileTests {
    private static let task = """
        name: NextDeath
        datasets: [mimic3]
        trigger: {table: admissions, end: dischtime, id: hadm_id}
        prediction: {at: end}
        features:
          - {name: drugs, processor: sequence, table: prescriptions, attribute: ndc, same: hadm_id, window: any}
        label: {name: died, type: binary, attribute: {of: next_trigger, attribute: hospital_expire_flag, equals: 1}}

        """

    private func write(_ text: String, _ folder: TemporaryFolder) throws -> String {
        let path = folder.file("task.yaml")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func job(_ task: String, dataset: String = "mimic3") throws -> JobConfiguration {
        try JobConfiguration.parse(
            "dataset: {name: \(dataset), root: corpus}\ntask: \(task)\n", file: "job.yaml")
    }

    @Test func theTextGoesWithTheJob() throws {
        let folder = try TemporaryFolder("task")
        let path = try write(Self.task, folder)
        let sent = try job("{file: \(path)}")
        try FileManager.default.removeItem(atPath: path)
        let received = try JobConfiguration.parse(sent.text)
        #expect(received.taskFile?.path == path)
        #expect(received.taskFile?.text == Self.task)
        #expect(received.taskName == "NextDeath")
        let setup = try JobSetup(received)
        #expect(setup.task.outputSchema.map(\.name) == ["died"])
        #expect(setup.tables.map(\.name).contains("prescriptions"))
    }

    @Test func anotherTextIsAnotherJob() throws {
        let folder = try TemporaryFolder("task")
        let path = try write(Self.task, folder)
        func digest() throws -> String {
            let pipeline = Pipeline(
                job: try job("{file: \(path)}"), runDirectory: folder.file("run"), until: .samples,
                resume: nil)
            return pipeline.digest(try pipeline.settings())
        }
        let first = try digest()
        #expect(try digest() == first)
        _ = try write(Self.task.replacing("equals: 1", with: "equals: 0"), folder)
        #expect(try digest() != first)
    }

    @Test(arguments: [
        ("{file: %, name: MortalityPredictionMIMIC3}", "config.task", "not both"),
        ("{file: %, window: 3}", "config.unknown-key", "task.window"),
        ("{file: %, code_mapping: {drgs: [NDC, ATC]}}", "config.unknown-key", "drugs"),
        ("{}", "config.missing-key", "name"),
    ])
    func refusesASectionThatSaysSomethingElse(section: String, code: String, word: String) throws {
        let folder = try TemporaryFolder("task")
        let path = try write(Self.task, folder)
        let error = #expect(throws: ConfigurationError.self) {
            try JobSetup(job(section.replacing("%", with: path)))
        }
        #expect(error?.code == code, "\(error?.message ?? "")")
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func namesFileAndLineOfTheTaskFileItself() throws {
        let folder = try TemporaryFolder("task")
        let path = try write(Self.task.replacing("ndc,", with: "ndx,"), folder)
        let error = #expect(throws: ConfigurationError.self) { try JobSetup(job("{file: \(path)}")) }
        #expect(error?.code == "config.unknown-attribute")
        #expect(error?.message.hasPrefix("\(path), line 6, key \"features[0].attribute\"") == true)
        let other = #expect(throws: ConfigurationError.self) {
            try JobSetup(job("{file: \(path)}", dataset: "mimic4"))
        }
        #expect(other?.code == "config.other-dataset")
    }

    @Test func refusesAFileThatIsNotThere() throws {
        let error = #expect(throws: ConfigurationError.self) { try job("{file: /nowhere/task.yaml}") }
        #expect(
            error?.code == "config.no-file" && error?.message.hasPrefix("task.file: there is no file") == true
        )
    }

    @Test func readsUTF8WithAMarkAndRefusesOtherBytes() throws {
        let folder = try TemporaryFolder("task")
        let path = folder.file("task.yaml")
        func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
        try write([0xEF, 0xBB, 0xBF] + Array(Self.task.utf8))
        #expect(try job("{file: \(path)}").taskFile?.text == Self.task)
        try write(Array(Self.task.utf8) + Array("# \n# ".utf8) + [0xC9] + Array("GLISE\n".utf8))
        let error = #expect(throws: ConfigurationError.self) { try job("{file: \(path)}") }
        let line = Self.task.split(separator: "\n", omittingEmptySubsequences: false).count + 1
        #expect(error?.code == "config.not-utf8" && error?.message.contains("line \(line):") == true)
    }

    @Test func samplesAreMadeAnewWhenTheFileChangesAndEventsAreNot() throws {
        let folder = try RunFolder(patients: 60)
        let path = try write(Self.task, folder.folder)
        let text = try String(contentsOfFile: folder.jobPath, encoding: .utf8)
            .replacing("{name: MortalityPredictionMIMIC3}", with: "{file: \(path)}")
        try text.write(toFile: folder.jobPath, atomically: true, encoding: .utf8)
        func run() throws -> (attrition: String, stages: Set<String>) {
            let outcome = try folder.execute("a", ["--until", "samples"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let root = folder.run("a")
            return (
                try String(contentsOfFile: "\(root)/attrition.csv", encoding: .utf8),
                Set(try FileManager.default.contentsOfDirectory(atPath: "\(root)/stage"))
            )
        }
        let first = try run()
        #expect(first.attrition.contains("label cannot be told"))
        _ = try write(
            Self.task + "inclusion: [{name: short, stay: {at_least: 1d}}]\n", folder.folder)
        let second = try run()
        #expect(second.attrition.contains("excluded: short,"))
        #expect(!first.stages.isEmpty)
        #expect(first.stages.intersection(second.stages).count >= 3)
        #expect(second.stages != first.stages)
    }
}

import Datasets
import Foundation
import Groundwork
import SyntheticCorpora
import TestSupport
import Testing

/// A synthetic corpus is a function of its options and reads like MIMIC-III.
@Suite struct SyntheticMIMIC3Tests {
    private func write(
        _ folder: TemporaryFolder, _ name: String, patients: Int = 150, seed: UInt64 = 1, gzip: Bool = false,
        labs: Bool = false
    ) throws -> (summary: SyntheticMIMIC3.Summary, path: String) {
        var options = SyntheticMIMIC3.Options(patients: patients, seed: seed, output: folder.file(name))
        options.gzip = gzip
        options.labs = labs
        return (try SyntheticMIMIC3(options).write(), folder.file(name))
    }

    private func files(_ path: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".csv") }
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try Files.contents(of: "\(path)/\($0)")) })
    }

    @Test func theSameSeedGivesTheSameBytesAndAnotherOthers() throws {
        let folder = try TemporaryFolder("corpus")
        let first = try files(write(folder, "a").path)
        #expect(first.keys.contains("ADMISSIONS.csv") && first.count >= 6)
        #expect(try files(write(folder, "b").path) == first)
        #expect(try files(write(folder, "c", seed: 2).path) != first)
    }

    @Test func gzipAndPlainTablesHaveTheSameEvents() throws {
        let folder = try TemporaryFolder("corpus")
        let definition = try DatasetDefinition.builtIn("mimic3")
        let tables = ["diagnoses_icd", "procedures_icd", "prescriptions"]
        let plain = try LoadedEvents(definition, tables: tables, root: write(folder, "a").path).events
        let packed = try LoadedEvents(definition, tables: tables, root: write(folder, "b", gzip: true).path)
            .events
        #expect(!plain.isEmpty)
        #expect(plain == packed)
    }

    @Test func labsAreReadToo() throws {
        let folder = try TemporaryFolder("corpus")
        let path = try write(folder, "a", patients: 20, labs: true).path
        let events = try LoadedEvents(
            DatasetDefinition.builtIn("mimic3"), tables: ["labevents"], root: path
        ).events
        #expect(events.contains { $0.type == "labevents" && $0.attributes["label"] != nil })
    }

    @Test func theSummaryCountsWhatIsThere() throws {
        let folder = try TemporaryFolder("corpus")
        let (summary, path) = try write(folder, "a")
        let events = try LoadedEvents(DatasetDefinition.builtIn("mimic3"), root: path).events
        #expect(events.count { $0.type == "patients" } == summary.patients)
        #expect(events.count { $0.type == "admissions" } == summary.visits)
        #expect(summary.baseRate > 0 && summary.baseRate < 0.5)
        #expect(summary.bestReachableAUC.map { $0 > 0.7 && $0 < 1 } == true)
    }

    @Test func aFolderWithContentIsNotOverwritten() throws {
        let folder = try TemporaryFolder("corpus")
        _ = try write(folder, "a", patients: 5)
        let error = #expect(throws: ConfigurationError.self) { _ = try write(folder, "a", patients: 5) }
        #expect(error?.code == "config.output-exists")
    }

    @Test func aCorpusWithoutTruthIsNamed() throws {
        let folder = try TemporaryFolder("corpus")
        #expect(throws: FileError.self) { try SyntheticTruth(corpus: folder.path) }
    }
}

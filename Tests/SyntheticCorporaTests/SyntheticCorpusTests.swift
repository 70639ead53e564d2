import Datasets
import Foundation
import Groundwork
import SyntheticCorpora
import TestSupport
import Testing

/// A synthetic corpus is a function of its options and reads like the data set of its layout.
@Suite struct SyntheticCorpusTests {
    typealias Layout = SyntheticCorpus.Layout

    /// Data set and tables of every layout.
    static let datasets: [Layout: (name: String, tables: [String])] = [
        .mimic3: ("mimic3", ["diagnoses_icd", "procedures_icd", "prescriptions", "labevents"]),
        .mimic4: (
            "mimic4ehr", ["diagnoses_icd", "procedures_icd", "prescriptions", "labevents", "chartevents"]
        ),
        .eicu: ("eicu", ["diagnosis", "medication", "treatment", "lab", "physicalexam", "admissiondx"]),
        .omop: ("omop", ["condition_occurrence", "procedure_occurrence", "drug_exposure", "measurement"]),
    ]

    private func events(_ layout: Layout, _ corpus: MadeCorpus) throws -> [LoadedEvents.ReadableEvent] {
        let (name, tables) = try #require(Self.datasets[layout])
        return try LoadedEvents(DatasetDefinition.builtIn(name), tables: tables, root: corpus.path).events
    }

    @Test(arguments: Layout.allCases) func theBytesDependOnTheSeedAndNotOnTheBlockSize(layout: Layout) throws
    {
        let first = try MadeCorpus(layout, patients: 30).tables()
        #expect(first.count >= 7)
        #expect(try MadeCorpus(layout, patients: 30) { $0.blockBytes = 777 }.tables() == first)
        #expect(try MadeCorpus(layout, patients: 30) { $0.seed = 2 }.tables() != first)
    }

    @Test(arguments: Layout.allCases) func theTablesOfFewerPatientsAreTheBeginningsOfThoseOfMore(
        layout: Layout
    ) throws {
        let more = try MadeCorpus(layout, patients: 40).tables()
        for (name, table) in try MadeCorpus(layout, patients: 15).tables() {
            #expect(more[name]?.starts(with: table) == true, "\(name)")
        }
    }

    @Test(arguments: Layout.allCases) func everyRowIsReadAsAnEvent(layout: Layout) throws {
        let corpus = try MadeCorpus(layout, patients: 25)
        let found = try events(layout, corpus)
        let counts = Dictionary(grouping: found, by: \.type).mapValues(\.count)
        for (name, table) in try corpus.tables() {
            let type = (name as NSString).lastPathComponent.lowercased().replacing(".csv", with: "")
            guard !type.hasPrefix("d_") else { continue }
            #expect(counts[type] ?? 0 == table.count { $0 == 0x0A } - 1, "\(name)")
        }
        let visits: Set = ["admissions", "patient", "visit_occurrence"]
        #expect(found.count { visits.contains($0.type) } == corpus.summary.visits)
        #expect(corpus.summary.patients == 25)
    }

    @Test(arguments: Layout.allCases) func gzipAndPlainTablesHaveTheSameEvents(layout: Layout) throws {
        let plain = try events(layout, MadeCorpus(layout, patients: 12))
        let packed = try MadeCorpus(layout, patients: 12) { $0.gzip = true }
        #expect(packed.names.contains { $0.hasSuffix(".csv.gz") })
        #expect(try events(layout, packed) == plain)
    }

    @Test(
        .enabled(if: References.dataAvailable),
        arguments: [
            (Layout.mimic4, "mimic4_demo"), (.eicu, "eicu_demo_subset"), (.omop, "omop_synthea27"),
        ])
    func headersAreThoseOfTheDataSet(layout: Layout, demo: String) throws {
        let folder = try #require(References.dataFolder(demo))
        var compared = 0
        for (name, table) in try MadeCorpus(layout, patients: 2).tables() {
            let file = folder.appendingPathComponent("\(name).gz")
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            compared += 1
            let unpacked = try Commands.runTool(
                "zcat", [file.path], folder: TemporaryFolder("header")
            ).output
            let header = unpacked.prefix { !$0.isNewline }
            #expect(table.starts(with: Data("\(header)\n".utf8)), "\(name)")
        }
        #expect(compared >= 7)
    }

    @Test(arguments: Layout.allCases) func theTruthGivesTheStatedArea(layout: Layout) throws {
        let corpus = try MadeCorpus(layout, patients: 300) {
            $0.labs = false; $0.chartEvents = false
        }
        let rows = try corpus.rows("truth/truth.csv").dropFirst()
        #expect(rows.count == corpus.summary.samples)
        let best = try SyntheticTruth(corpus: corpus.path).bestReachableAUC(
            visits: rows.map { String($0[0]) }, labels: rows.map { $0[2] == "1" })
        let (stated, computed) = (
            try #require(corpus.summary.bestReachableAUC), try #require(best)
        )
        #expect(abs(stated - computed) < 1e-3)
        #expect(stated > 0.6 && stated < 1)
        #expect(corpus.summary.baseRate > 0.005 && corpus.summary.baseRate < 0.5)
    }

    @Test func noFileHasItsNameBeforeAllAreWhole() throws {
        let folder = try TemporaryFolder("corpus")
        let options = CorpusOptions(patients: 260, seed: 1, output: folder.file("c"))
        var (calls, finished) = (0, 0)
        _ = try SyntheticCorpus(.mimic3, options).write { _ in
            calls += 1
            let names = FileManager.default.subpaths(atPath: options.output) ?? []
            finished += names.count { $0.hasSuffix(".csv") || $0.hasSuffix(".json") }
        }
        #expect(calls == 1 && finished == 0)
        let names = FileManager.default.subpaths(atPath: options.output) ?? []
        #expect(names.contains("ADMISSIONS.csv") && names.contains("truth/truth.json"))
        #expect(!names.contains { $0.contains(".tmp.") })
    }

    @Test func aFolderWithContentIsNotOverwritten() throws {
        let corpus = try MadeCorpus(.omop, patients: 5)
        let options = CorpusOptions(patients: 5, seed: 1, output: corpus.path)
        let error = #expect(throws: ConfigurationError.self) {
            _ = try SyntheticCorpus(.omop, options).write()
        }
        #expect(error?.code == "config.output-exists")
    }

    @Test(arguments: Layout.allCases) func aDiskThatIsTooSmallIsFoundBeforeAnythingIsWritten(layout: Layout)
        throws
    {
        let folder = try TemporaryFolder("corpus")
        let options = CorpusOptions(patients: 1_000_000_000_000, seed: 1, output: folder.file("a/b"))
        let error = #expect(throws: SyntheticCorpusError.self) {
            _ = try SyntheticCorpus(layout, options).write()
        }
        #expect(error?.code == "synthetic.no-space")
        #expect(!Files.isFolder(folder.file("a")))
    }

    @Test func noPatientsAreRefused() throws {
        let folder = try TemporaryFolder("corpus")
        let options = CorpusOptions(patients: 0, seed: 1, output: folder.file("a"))
        let error = #expect(throws: ConfigurationError.self) {
            _ = try SyntheticCorpus(.mimic4, options).write()
        }
        #expect(error?.code == "config.range")
    }

    @Test func aCorpusWithoutTruthIsNamed() throws {
        let folder = try TemporaryFolder("corpus")
        #expect(throws: FileError.self) { try SyntheticTruth(corpus: folder.path) }
    }
}

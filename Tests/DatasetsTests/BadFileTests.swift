import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// Files that are not what their name says are refused by name; what does no harm is read.
@Suite struct BadFileTests {
    /// The data set with `codes.csv` packed and `bytes` behind it.
    private func packed(_ bytes: [UInt8]) throws -> SmallDataset {
        let data = try SmallDataset()
        #expect(
            try Commands.runTool("gzip", [data.folder.file("codes.csv")], folder: data.folder).status == 0)
        let url = URL(fileURLWithPath: data.folder.file("codes.csv.gz"))
        try (Data(contentsOf: url) + Data(bytes)).write(to: url)
        return data
    }

    @Test(arguments: [1, 2, 9, 10, 17, 18, 1000]) func garbageBehindGzipDataIsRefused(count: Int) throws {
        let garbage = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 5) }
        let found = failure { _ = try packed(garbage).load() }
        #expect(["data.corrupt-gz", "data.truncated-gz"].contains(found.code), "\(count): \(found)")
        #expect(found.message.contains("codes.csv.gz"))
    }

    @Test(arguments: [1, 100, 300_000]) func zerosBehindGzipDataAreNoError(count: Int) throws {
        #expect(try packed(Array(repeating: 0, count: count)).load() == SmallDataset().load())
    }

    /// To take its carriage returns for line ends would destroy it.
    @Test func gzipUnderATextsNameIsTold() throws {
        let data = try packed([])
        #expect(
            rename(data.folder.file("codes.csv.gz"), data.folder.file("codes.csv")) == 0)
        #expect(failure { _ = try data.load() }.code == "data.compressed")
    }

    @Test func aNamedPipeIsRefusedAndNotWaitedFor() throws {
        let data = try SmallDataset()
        unlink(data.folder.file("codes.csv"))
        #expect(mkfifo(data.folder.file("codes.csv"), 0o600) == 0)
        #expect(failure { _ = try data.load() }.code == "data.not-a-file")
    }

    @Test func aFolderInPlaceOfATableIsNamed() throws {
        let data = try SmallDataset()
        try FileManager.default.removeItem(atPath: data.folder.file("codes.csv"))
        try Files.createFolder(data.folder.file("codes.csv"))
        let found = failure { _ = try data.load() }
        #expect(found.code == "data.table-is-folder", "\(found)")
        #expect(found.message.contains("codes.csv") && found.message.contains("\"codes\""), "\(found)")
    }

    @Test func aFileNameInOtherCaseIsFound() throws {
        let data = try SmallDataset()
        try FileManager.default.moveItem(
            atPath: data.folder.file("codes.csv"), toPath: data.folder.file("CODES.csv"))
        #expect(try data.load() == SmallDataset().load())
    }

    @Test func fileNamesThatDifferInCaseAloneAreNotGuessed() throws {
        let data = try SmallDataset()
        try FileManager.default.moveItem(
            atPath: data.folder.file("codes.csv"), toPath: data.folder.file("CODES.csv"))
        try data.write("Codes.csv", SmallDataset.codes)
        #expect(failure { _ = try data.load() }.code == "data.missing-table")
    }

    @Test func aTableWithoutRowsIsEmptyAndPatientsComeFromAnother() throws {
        var data = try SmallDataset()
        data.definitionText = data.definitionText.replacing(
            "default_tables: [visits]", with: "default_tables: [stays, visits]"
        ).replacing(
            "tables:\n", with: "tables:\n  stays: {file_path: stays.csv, patient_id: pid, attributes: [x]}\n")
        try data.write("stays.csv", "pid,x\n")
        #expect(try data.load() == SmallDataset().load())
        let definition = try data.definition()
        let plan = try Inspector(definition: definition, root: data.folder.path).plan(
            tables: definition.tableOrder(requested: []), needs: [:], shardSize: 1, pieceBytes: 1 << 20,
            limit: 1)
        #expect(plan.endID == "2")
    }

    @Test func plainTextAndNothingAreNoParquet() throws {
        for text in ["", "PAR1", "pid,visit\n1,2\n", String(repeating: "x", count: 4000) + "PAR1"] {
            var data = try SmallDataset()
            data.definitionText = data.definitionText.replacing("codes.csv", with: "codes.parquet")
            try data.write("codes.parquet", text)
            let found = failure { _ = try data.load() }
            #expect(found.code.hasPrefix("data."), "\(found)")
            #expect(found.message.contains("codes.parquet"), "\(found)")
        }
    }

    @Test func aTaskOfThePlanSaysWhichBytesOfWhichTableItReads() throws {
        let data = try SmallDataset()
        let definition = try data.definition()
        let plan = try Inspector(definition: definition, root: data.folder.path).plan(
            tables: definition.tableOrder(requested: ["codes"]), needs: [:], shardSize: 10, pieceBytes: 60)
        let subjects = plan.mapTasks.indices.map(plan.subject(ofTask:))
        #expect(subjects.count > 2)
        for (subject, task) in zip(subjects, plan.mapTasks) {
            let bounds = try #require(task.range)
            #expect(subject.hasPrefix("table \"\(plan.tables[task.table].name)\", \(data.folder.path)/"))
            #expect(subject.contains("bytes \(bounds[0]) to \(bounds[1]), from line \(task.firstLine)"))
        }
    }
}

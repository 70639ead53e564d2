import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// A folder of another data set, or of another release, is recognised by its columns.
@Suite struct WrongVersionTests {
    /// A folder with the headers of every table of a built-in data set, in its own spelling or in capitals.
    private func headers(of name: String, capitals: Bool = false) throws -> TemporaryFolder {
        let folder = try TemporaryFolder("headers")
        var columns: [String: [String]] = [:]
        func add(_ path: String, _ names: [String]) {
            for name in names where !columns[path, default: []].contains(name) { columns[path]?.append(name) }
        }
        for table in try DatasetDefinition.builtIn(name).tables {
            let joined = Set(table.joins.flatMap(\.columns))
            let read = (table.patientID.map { [$0] } ?? []) + table.timestamp + table.attributes
            columns[table.filePath, default: []] += []
            add(table.filePath, read.filter { !joined.contains($0) } + table.joins.map(\.on))
            if table.preprocess != nil { add(table.filePath, ["chartdate"]) }
            for join in table.joins {
                columns[join.filePath, default: []] += []
                add(join.filePath, join.columns + [join.on])
            }
        }
        for (path, names) in columns where !path.contains("*") && !path.hasSuffix(".parquet") {
            let plain = folder.file(path.hasSuffix(".gz") ? String(path.dropLast(3)) : path)
            try Files.createFolder(URL(fileURLWithPath: plain).deletingLastPathComponent().path)
            let separator = plain.hasSuffix(".csv") ? "," : "\t"
            let text = names.joined(separator: separator) + "\n"
            try (capitals ? text.uppercased() : text).write(toFile: plain, atomically: true, encoding: .utf8)
        }
        return folder
    }

    private func problem(of name: String, in folder: TemporaryFolder) throws -> DatasetError? {
        let definition = try DatasetDefinition.builtIn(name)
        do {
            try Inspector(definition: definition, root: folder.path).check(definition.tables, needs: [:])
            return nil
        } catch let error as DatasetError { return error }
    }

    static let names = ["mimic3", "mimic4ehr", "eicu", "omop", "synthea", "support2", "ehrshot"]

    @Test(arguments: names, names) func theDataSetThatIsThereIsNamed(given: String, there: String) throws {
        let folder = try headers(of: there)
        let found = try problem(of: given, in: folder)
        guard given != there else {
            #expect(found == nil, "\(there)")
            return
        }
        let error = try #require(found)
        #expect(["data.missing-table", "data.missing-column"].contains(error.code))
        #expect(error.message.contains("looks like data set \"\(there)\""), "\(error.message)")
        #expect(error.message.contains(folder.path))
    }

    @Test(arguments: names) func headersInCapitalsAreTheSame(name: String) throws {
        #expect(try problem(of: name, in: headers(of: name, capitals: true)) == nil)
    }

    @Test func thePartOfADataSetInPlaceOfTheWholeIsTold() throws {
        let folder = try headers(of: "mimic4ehr")
        let definition = try DatasetDefinition.builtIn("mimic4ehr")
        let error = #expect(throws: DatasetError.self) {
            try Inspector(definition: definition, root: folder.file("hosp")).check(
                definition.tables.filter { $0.name == "admissions" }, needs: ["admissions": []])
        }
        #expect(error?.message.contains("The folder above it") == true, "\(String(describing: error))")
    }

    @Test func aMissingColumnAloneIsNoOtherDataSet() throws {
        let folder = try headers(of: "mimic4ehr")
        let path = folder.file("hosp/admissions.csv")
        try String(contentsOfFile: path, encoding: .utf8).replacing("race", with: "ethnicity").write(
            toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(try problem(of: "mimic4", in: folder))
        #expect(error.code == "data.missing-table" || error.code == "data.missing-column")
        let ehr = try #require(try problem(of: "mimic4ehr", in: folder))
        #expect(ehr.code == "data.missing-column" && ehr.message.contains("\"race\""))
        #expect(!ehr.message.contains("looks like"), "\(ehr.message)")
    }

    @Test func eICUFilesInOtherCaseAreFound() throws {
        let folder = try headers(of: "eicu")
        for name in ["physicalExam", "admissionDx"] {
            try FileManager.default.moveItem(
                atPath: folder.file("\(name).csv"), toPath: folder.file("\(name.lowercased()).csv"))
        }
        #expect(try problem(of: "eicu", in: folder) == nil)
    }

    @Test func theColumnsThatOMOPRenamedIn54AreNotRead() throws {
        let folder = try headers(of: "omop")
        let path = folder.file("visit_occurrence.csv")
        var text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
        text += ",admitted_from_concept_id,discharged_to_concept_id\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try problem(of: "omop", in: folder) == nil)
    }
}

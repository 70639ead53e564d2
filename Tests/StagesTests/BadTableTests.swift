import Foundation
import TestSupport
import Testing

/// A table that cannot be used ends the job with the file, the line and the column, without a patient's value.
@Suite(.serialized)
struct BadTableTests {
    /// A fault and how it is put into a copy of the corpus.
    struct Case: Sendable, CustomTestStringConvertible {
        let refusal: Refusal
        let damage: @Sendable (Table) throws -> Void
        let table: String

        init(
            _ name: String, _ table: String, _ code: String, _ words: [String],
            damage: @escaping @Sendable (Table) throws -> Void
        ) {
            refusal = Refusal(name: name, code: code, status: 65, words: words)
            (self.table, self.damage) = (table, damage)
        }

        var testDescription: String { refusal.name }
    }

    static let cases: [Case] = [
        Case("missing table", "PRESCRIPTIONS", "data.missing-table", ["prescriptions", "PRESCRIPTIONS.csv"]) {
            try $0.remove()
        },
        Case(
            "missing column", "DIAGNOSES_ICD", "data.missing-column",
            ["diagnoses_icd", "icd9_code", "Column 5 has a similar name"]
        ) { try $0.edit(line: 1) { $0.replacingOccurrences(of: "ICD9_CODE", with: "ICD9_CODES") } },
        Case(
            "no newlines", "DIAGNOSES_ICD", "data.carriage-returns",
            ["DIAGNOSES_ICD.csv", "carriage returns"]
        ) { table in
            let text = try String(contentsOfFile: table.path, encoding: .utf8) + Refusal.canary
            try text.replacingOccurrences(of: "\n", with: "\r").write(
                toFile: table.path, atomically: true, encoding: .utf8)
        },
        Case("empty file", "PROCEDURES_ICD", "data.no-header", ["PROCEDURES_ICD.csv"]) {
            try $0.write([])
        },
        Case("too many fields", "PRESCRIPTIONS", "data.ragged-row", ["PRESCRIPTIONS.csv, line 50", "got 20"])
        {
            try $0.edit(line: 50) { "\($0),\(Refusal.canary)" }
        },
        Case("too few fields", "DIAGNOSES_ICD", "data.ragged-row", ["DIAGNOSES_ICD.csv, line 50", "got 2"]) {
            try $0.edit(line: 50) { _ in "\(Refusal.canary),1" }
        },
        Case("unclosed quote", "PRESCRIPTIONS", "data.unclosed-quote", ["PRESCRIPTIONS.csv", "line 50"]) {
            try $0.edit(line: 50) { _ in "1,2,\"\(Refusal.canary)" }
        },
        Case(
            "unparsable time", "ADMISSIONS", "data.unparsable-time",
            ["\"admissions\"", "ADMISSIONS.csv, line 20", "admittime", "expected YYYY-MM-DD"]
        ) { try $0.edit(line: 20) { Table.replacing(field: 3, of: $0, with: Refusal.canary) } },
        Case(
            "unparsable time of a joined table", "ADMISSIONS", "data.unparsable-time",
            ["ADMISSIONS.csv, line 20", "dischtime"]
        ) { try $0.edit(line: 20) { Table.replacing(field: 4, of: $0, with: Refusal.canary) } },
        Case(
            "no patient id", "ADMISSIONS", "data.missing-patient-id",
            ["ADMISSIONS.csv, line 20", "subject_id"]
        ) {
            try $0.edit(line: 20) { Table.replacing(field: 1, of: $0, with: "") }
        },
        Case("truncated gz", "PRESCRIPTIONS", "data.truncated-gz", ["PRESCRIPTIONS.csv.gz"]) {
            try $0.compress { $0.dropLast(400) }
        },
        Case("corrupt gz", "PRESCRIPTIONS", "data.corrupt-gz", ["PRESCRIPTIONS.csv.gz"]) {
            try $0.compress {
                var bytes = $0
                bytes.replaceSubrange(5000..<5010, with: Data(Refusal.canary.utf8))
                return bytes
            }
        },
        Case("plain text named gz", "PRESCRIPTIONS", "data.corrupt-gz", ["PRESCRIPTIONS.csv.gz"]) {
            try FileManager.default.moveItem(atPath: $0.path, toPath: "\($0.path).gz")
        },
        Case(
            "quote unclosed at the end", "PRESCRIPTIONS", "data.unclosed-quote", ["PRESCRIPTIONS.csv, line "]
        ) {
            let rows = try $0.lines()
            try $0.write(rows + ["1,2,\"\(Refusal.canary)"])
        },
        Case("not UTF-8", "DIAGNOSES_ICD", "data.not-utf8", ["DIAGNOSES_ICD.csv, line 50", "\"icd9_code\""]) {
            try $0.edit(line: 50) { Table.replacing(field: 4, of: $0, with: "\(Refusal.canary)#") }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: $0.path)).map { $0 == 0x23 ? 0xE9 : $0 }
            try Data(bytes).write(to: URL(fileURLWithPath: $0.path))
        },
        Case(
            "a column twice", "DIAGNOSES_ICD", "data.duplicate-column",
            ["DIAGNOSES_ICD.csv", "\"icd9_code\""]
        ) {
            try $0.edit(line: 1) { $0.replacingOccurrences(of: "SEQ_NUM", with: "icd9_code") }
        },
        Case("a day that does not exist", "ADMISSIONS", "data.unparsable-time", ["ADMISSIONS.csv, line 20"]) {
            try $0.edit(line: 20) { Table.replacing(field: 3, of: $0, with: "2100-02-29 00:00:00") }
        },
        Case("garbage behind gz", "PRESCRIPTIONS", "data.corrupt-gz", ["PRESCRIPTIONS.csv.gz"]) {
            try $0.compress { $0 + Data("\(Refusal.canary) and more than a header".utf8) }
        },
        Case("folder", "PRESCRIPTIONS", "data.table-is-folder", ["PRESCRIPTIONS.csv", "\"prescriptions\""]) {
            try $0.remove()
            try FileManager.default.createDirectory(atPath: $0.path, withIntermediateDirectories: false)
        },
        Case(
            "no sample left", "PRESCRIPTIONS", "stage.no-samples",
            ["MortalityPredictionMIMIC3", "step,patients,visits,samples", "out,"]
        ) { try $0.write(Array($0.lines().prefix(1))) },
    ]

    @Test(arguments: cases) func endsTheJobWithOneError(fault: Case) throws {
        let runs = try RunFolder(patients: 60)
        try fault.damage(Table(path: "\(runs.corpusPath)/\(fault.table).csv"))
        let outcome = try runs.execute("bad", workers: 1)
        try fault.refusal.check(outcome, run: runs.run("bad"))
    }

    @Test func aLabelWithOneClassEndsTheJob() throws {
        let runs = try RunFolder(patients: 60)
        let admissions = Table(path: "\(runs.corpusPath)/ADMISSIONS.csv")
        let rows = try admissions.lines()
        try admissions.write(
            rows.prefix(1) + rows.dropFirst().map { Table.replacing(fieldFromEnd: 2, of: $0, with: "0") })
        let refusal = Refusal(
            name: "one class", code: "processor.not-binary", status: 65,
            words: ["mortality", "2 distinct values", "got 1", "step,patients,visits,samples"])
        try refusal.check(runs.execute("bad"), run: runs.run("bad"))
    }

    @Test func theDataSetThatIsThereIsNamedBeforeAnyWork() throws {
        let runs = try RunFolder(patients: 10)
        let refusal = Refusal(
            name: "other data set", code: "data.missing-table", status: 65,
            words: ["hosp/", "looks like data set \"mimic3\""])
        let other = [
            "--set", "dataset.name=mimic4", "--set", "task.name=MortalityPredictionMIMIC4",
        ]
        try refusal.check(runs.execute("bad", other), run: runs.run("bad"))
    }

    @Test(.enabled("needs another user to be without rights") { canBeNobody() })
    func aTableThatMayNotBeReadIsNamed() throws {
        let runs = try RunFolder(patients: 10)
        // The files of a corpus belong to their owner alone.
        for path in [runs.folder.path, runs.corpusPath] {
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
        }
        let command = [Commands.path("pyhealth-coord")] + runs.arguments("bad", workers: 1)
        let outcome = try Commands.runTool("setpriv", Self.nobody + command, folder: runs.folder)
        let refusal = Refusal(
            name: "unreadable", code: "file.open", status: 74,
            words: ["ADMISSIONS.csv", "Permission denied"])
        try refusal.check(outcome, run: runs.run("bad"))
    }

    /// Options of `setpriv` that give up all rights.
    private static let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]

    /// Whether the program can be run as a user without rights.
    private static func canBeNobody() -> Bool {
        guard let folder = try? TemporaryFolder("nobody") else { return false }
        let outcome = try? Commands.runTool(
            "setpriv", nobody + [Commands.path("pyhealth-coord"), "--help"], folder: folder)
        return outcome?.status == 0
    }

    @Test func aMissingFolderEndsTheJob() throws {
        let runs = try RunFolder(patients: 10)
        let refusal = Refusal(
            name: "missing folder", code: "config.dataset-root", status: 78,
            words: ["dataset.root", "--set dataset.root="])
        let missing = runs.folder.file("nowhere")
        try refusal.check(
            runs.execute("bad", ["--set", "dataset.root=\(missing)"]), run: runs.run("bad"))
    }
}

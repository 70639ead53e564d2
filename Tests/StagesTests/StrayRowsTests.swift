import Foundation
import Tasks
import TestSupport
import Testing

/// Rows whose patient or admission does not exist are counted by table.
@Suite struct StrayRowsTests {
    @Test func countsAddUpWhateverTheOrder() {
        func part(_ counts: [(Int, String, Attrition.StrayReason)]) -> Attrition {
            var attrition = Attrition(rules: [])
            for (rows, table, reason) in counts { attrition.count(strayRows: rows, of: table, reason) }
            return attrition
        }
        let a = part([(2, "labs", .noPartner), (1, "codes", .unknownPatient), (0, "none", .noPartner)])
        let b = part([(5, "codes", .unknownPatient), (3, "labs", .unknownPatient)])
        var ab = a
        ab.merge(b)
        var ba = b
        ba.merge(a)
        #expect(ab == ba)
        #expect(ab.strayRows.map(\.rows) == [6, 2, 3])
        #expect(ab.csv.hasPrefix("step,patients,visits,samples,rows\n"))
        #expect(ab.csv.contains("\"rows of labs: left out, no partner in a joined table\",,,,2\n"))
        #expect(Attrition(rules: []).csv.hasPrefix("step,patients,visits,samples\n"))
    }

    @Test func attritionTableAndStatsTellThem() throws {
        let runs = try RunFolder(patients: 60)
        let table = Table(path: "\(runs.corpusPath)/DIAGNOSES_ICD.csv")
        let lines = try table.lines()
        // Columns: row_id, subject_id, hadm_id, …
        let orphans = lines.suffix(14).map { Table.replacing(field: 2, of: $0, with: "987654321") }
        let strangers = lines.suffix(3).map { Table.replacing(field: 1, of: $0, with: "987654321") }
        try table.write(lines + orphans + strangers)
        let outcome = try runs.execute("strays", workers: 2, ["--until", "samples"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let csv = try String(contentsOfFile: "\(runs.run("strays"))/attrition.csv", encoding: .utf8)
        #expect(
            csv.contains("rows of diagnoses_icd: left out, no partner in a joined table\",,,,14\n"), "\(csv)")
        #expect(csv.contains("rows of diagnoses_icd: patient not in the table of patients,,,,3\n"), "\(csv)")
        #expect(!csv.contains("987654321"))
        let stats = try Commands.run(
            "pyhealth-coord", ["stats", "mimic3", "--root", runs.corpusPath], folder: runs.folder)
        #expect(stats.output.contains("without partner in a joined table  14 rows"), "\(stats.output)")
    }
}

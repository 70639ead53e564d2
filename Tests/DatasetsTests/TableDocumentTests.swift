import Foundation
import Testing

@testable import Datasets

/// `docs/tables.md` lists the tables of the built-in data sets as they are.
@Suite struct TableDocumentTests {
    @Test func listsEveryTableAndAttribute() throws {
        let text = try Self.text()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let found = try String(contentsOf: root.appendingPathComponent("docs/tables.md"), encoding: .utf8)
        if found != text, let target = ProcessInfo.processInfo.environment["PYHEALTH_TABLES"] {
            try text.write(toFile: target, atomically: true, encoding: .utf8)
        }
        #expect(found == text, "run this test with PYHEALTH_TABLES=docs/tables.md to write it anew")
    }

    /// Parts of MIMIC-IV are in `mimic4`.
    private static let parts = ["mimic4cxr", "mimic4ehr", "mimic4note"]

    private static func text() throws -> String {
        var lines = [
            "# Tables of the built-in data sets", "",
            "What `dataset.tables`, task files ([declarative-tasks.md](declarative-tasks.md)) and `stats` call tables and "
                + "attributes. Read",
            "are the default tables that some task of the data set needs, and those that the job's task needs or that are asked "
                + "for;",
            "`stats` reads all that are there. Attributes in *italics* are read only where a task names "
                + "them. Column names of files",
            "are compared in lower case. MIMIC-IV's parts `mimic4ehr`, `mimic4note` and "
                + "`mimic4cxr` have the tables of `mimic4` whose files they are.",
        ]
        for name in builtInDefinitions.keys.sorted() where !parts.contains(name) {
            let definition = try DatasetDefinition.builtIn(name)
            let defaults = definition.defaultTables
            lines += [
                "", "## \(name)", "",
                defaults.isEmpty ? "No default tables." : "Default tables: \(code(defaults)).", "",
                "| table | file | time | attributes |", "|---|---|---|---|",
            ]
            for table in definition.tables {
                let extra = table.extraAttributes.map { "*\($0)*" }
                let time =
                    table.timestamp.isEmpty
                    ? table.offset.map { _ in "offset" } ?? "none" : code(table.timestamp)
                lines.append(
                    "| `\(table.name)` | `\(table.filePath)` | \(time) | "
                        + "\((table.attributes + extra).joined(separator: ", ")) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func code(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }
}

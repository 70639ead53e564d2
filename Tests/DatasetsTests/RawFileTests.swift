import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// Files as their publisher gives them make the events of the tables that the reference prepares from them.
@Suite struct RawFileTests {
    /// A prepared table of the open data, and the raw file that a test makes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let dataset: String
        let folder: String
        let prepared: String
        let raw: String
        /// The raw file's name of every column of the prepared table.
        let columns: [String: String]

        var testDescription: String { raw }
    }

    private static let clinVar = [
        "gene_symbol": "GeneSymbol", "clinical_significance": "ClinicalSignificance",
        "review_status": "ReviewStatus", "chromosome": "Chromosome", "position": "PositionVCF",
        "reference_allele": "ReferenceAlleleVCF", "alternate_allele": "AlternateAlleleVCF",
        "variant_type": "Type", "assembly": "Assembly",
    ]
    private static let cosmic = Dictionary(
        uniqueKeysWithValues: [
            "gene_name", "hgvsc", "hgvsp", "mutation_description", "fathmm_prediction", "primary_site",
            "primary_histology", "mutation_somatic_status",
        ].map { ($0, $0.uppercased()) } + [("sample_id", "ID_SAMPLE")])
    private static let mutations = [
        "hugo_symbol": "Hugo_Symbol", "variant_classification": "Variant_Classification",
        "variant_type": "Variant_Type", "hgvsc": "HGVSc", "hgvsp": "HGVSp_Short",
        "tumor_sample_barcode": "Tumor_Sample_Barcode",
    ]
    private static let clinical = [
        "patient_id": "submitter_id", "age_at_diagnosis": "age_at_diagnosis",
        "gleason_score": "gleason_score",
        "vital_status": "vital_status", "days_to_death": "days_to_death", "tumor_stage": "tumor_stage",
    ]
    private static let hospital = [
        "patient_id": "bcr_patient_barcode", "age_at_diagnosis": "age_at_initial_pathologic_diagnosis",
        "gleason_score": "primary_gleason_grade", "vital_status": "vital_status",
        "days_to_death": "days_to_death", "tumor_stage": "pathologic_stage",
    ]

    static let cases: [Case] =
        ["variant_summary.txt", "variant_summary.txt.gz"].map {
            Case(
                dataset: "clinvar", folder: "clinvar", prepared: "clinvar-pyhealth.csv", raw: $0,
                columns: clinVar)
        }
        + ["CosmicMutantExportCensus.tsv", "CosmicMutantExport.tsv.gz", "cosmic_mutations.csv"].map {
            Case(
                dataset: "cosmic", folder: "cosmic", prepared: "cosmic-pyhealth.csv", raw: $0, columns: cosmic
            )
        }
        + ["PRAD_mutations.csv", "TCGA.PRAD.mutect.maf.gz", "PRAD.maf", "mutations.maf"].map {
            Case(
                dataset: "tcgaprad", folder: "tcga_prad", prepared: "tcga_prad_mutations-pyhealth.csv",
                raw: $0,
                columns: mutations)
        }
        + ["PRAD_clinical.csv", "clinical.tsv", "clinical.csv.gz"].map {
            Case(
                dataset: "tcgaprad", folder: "tcga_prad", prepared: "tcga_prad_clinical-pyhealth.csv",
                raw: $0,
                columns: clinical)
        } + [
            Case(
                dataset: "tcgaprad", folder: "tcga_prad", prepared: "tcga_prad_clinical-pyhealth.csv",
                raw: "nationwidechildrens.org_clinical_patient_prad.txt", columns: hospital)
        ]

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("raw") }

    private func write(_ name: String, _ lines: [String]) throws {
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: folder.file(name), atomically: true, encoding: .utf8)
    }

    private func load(_ dataset: String, _ root: String, shardSize: Int = 1000) throws
        -> [LoadedEvents.ReadableEvent]
    {
        try LoadedEvents(
            DatasetDefinition.builtIn(dataset), root: root, shardSize: shardSize, pieceBytes: 100
        ).events
    }

    /// The raw file of a case: the prepared rows, a column in front and one behind that nobody asks for, and rows, comments and
    /// headings that do not count.
    private func rawLines(_ one: Case, _ prepared: String) -> [String] {
        let plain = one.raw.hasSuffix(".gz") ? String(one.raw.dropLast(3)) : one.raw
        let separator = plain.hasSuffix(".csv") ? "," : "\t"
        let rows = prepared.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let kept = rows[0].indices.filter { one.columns[rows[0][$0]] != nil }
        var lines = [kept.map { one.columns[rows[0][$0]] ?? "" }]
        for (number, row) in rows.dropFirst().enumerated() {
            let cells = kept.map { row[$0].isEmpty ? ["", "NA", "NaN"][number % 3] : row[$0] }
            if one.dataset == "clinvar" {
                lines.append(cells.map { $0 == "GRCh38" ? "GRCh37" : $0 })
            }
            lines.append(cells)
            // A second row of the patient.
            if one.columns["patient_id"] != nil, number % 2 == 0 {
                lines.append(cells.map { $0.hasPrefix("TCGA-") ? $0 : "other" })
            }
        }
        if one.columns["patient_id"] == "bcr_patient_barcode" {
            lines.insert(lines[0], at: 1)
            lines.insert(lines[0].map { _ in "CDE_ID:2003301" }, at: 2)
        }
        let text = lines.enumerated().map { number, cells in
            ([number == 0 ? "#Number" : "\(number)"] + cells + [number == 0 ? "Last" : ""]).joined(
                separator: separator)
        }
        let header = [String(text[0].dropFirst())]
        if plain.hasSuffix(".maf") {
            return ["#version gdc-1.0.0", "# a \"note"] + header + text.dropFirst()
        }
        return one.dataset == "clinvar" ? text : header + text.dropFirst()
    }

    @Test(.enabled(if: References.dataAvailable), arguments: cases, [1000, 2])
    func aRawFileGivesTheEventsOfThePreparedTable(one: Case, shardSize: Int) throws {
        let source = try #require(References.dataFolder(one.folder))
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path)
        where name != one.prepared {
            try FileManager.default.copyItem(
                atPath: source.appendingPathComponent(name).path, toPath: folder.file(name))
        }
        let prepared = try String(contentsOf: source.appendingPathComponent(one.prepared), encoding: .utf8)
        let plain = one.raw.hasSuffix(".gz") ? String(one.raw.dropLast(3)) : one.raw
        try write(plain, rawLines(one, prepared))
        if plain != one.raw {
            #expect(try Commands.runTool("gzip", [folder.file(plain)], folder: folder).status == 0)
        }
        let expected = try load(one.dataset, source.path)
        #expect(!expected.isEmpty)
        #expect(try load(one.dataset, folder.path, shardSize: shardSize) == expected)
        // Where the prepared table is there as well, it is read.
        try prepared.replacing("TP53", with: "SPOP").replacing("Stage III", with: "Stage X").write(
            toFile: folder.file(one.prepared), atomically: true, encoding: .utf8)
        #expect(try load(one.dataset, folder.path) != expected)
    }

    @Test(arguments: [
        ("clinvar", "variants", ["clinvar-pyhealth.csv", "variant_summary.txt"]),
        ("cosmic", "mutations", ["cosmic-pyhealth.csv", "CosmicMutantExport.tsv"]),
        ("tcgaprad", "mutations", ["tcga_prad_mutations-pyhealth.csv", "mutations.maf"]),
    ])
    func aFolderWithoutAnyOfTheFilesIsRefused(dataset: String, table: String, files: [String]) throws {
        let error = #expect(throws: DatasetError.self) { try load(dataset, folder.path) }
        #expect(error?.code == "data.missing-table")
        #expect(error?.message.contains("\"\(table)\"") == true)
        for file in files { #expect(error?.message.contains(file) == true, "\(error?.message ?? "")") }
    }

    @Test func aSummaryWithoutAssembliesIsRefused() throws {
        try write("variant_summary.txt", ["GeneSymbol\tAssembled", "TP53\tGRCh38"])
        let error = #expect(throws: DatasetError.self) { try load("clinvar", folder.path) }
        #expect(error?.code == "data.missing-column")
        #expect(error?.message.contains("\"assembly\"") == true)
        #expect(error?.message.contains("Column 2 has a similar name") == true)
    }

    @Test func aMissingColumnIsAnErrorOfTheRawFile() throws {
        try write("CosmicMutantExport.tsv", ["ID_SAMPLE\tGENE_NAME", "7\tTP53"])
        let error = #expect(throws: DatasetError.self) { try load("cosmic", folder.path) }
        #expect(error?.code == "data.missing-column")
        #expect(error?.message.contains("CosmicMutantExport.tsv") == true)
    }

    @Test func withoutAPatientColumnTheRowsAreThePatients() throws {
        let columns = Self.cosmic.values.filter { $0 != "ID_SAMPLE" }.sorted()
        let rows = (0..<12).map { row in columns.map { "\($0)\(row)" }.joined(separator: "\t") }
        try write("CosmicMutantExport.tsv", [columns.joined(separator: "\t")] + rows)
        let events = try load("cosmic", folder.path, shardSize: 3)
        let expected = (0..<12).map { "\($0)" }.sorted()
        #expect(events.map(\.patient) == expected)
        #expect(events.map { $0.attributes["hgvsc"] } == expected.map { "HGVSC\($0)" })
    }

    @Test func errorsNameTheLineOfTheRawFile() throws {
        let columns = Self.mutations.values.sorted()
        let row = columns.map { $0 == "Tumor_Sample_Barcode" ? "TCGA-2A-A8VL-01A" : "x" }.joined(
            separator: "\t")
        let bad = columns.map { _ in "" }.joined(separator: "\t")
        let header = columns.joined(separator: "\t")
        try write("clinical.csv", [Self.clinical.values.sorted().joined(separator: ",")])
        try write("PRAD.maf", ["#version 2.4", "#", header, row, bad, row])
        let error = #expect(throws: DatasetError.self) { try load("tcgaprad", folder.path) }
        #expect(error?.code == "data.missing-patient-id")
        #expect(error?.message.contains("PRAD.maf, line 5") == true, "\(error?.message ?? "")")
        try write("PRAD.maf", ["#version 2.4", "#", header, row, row + "\tCANARY5502", row])
        let ragged =
            #expect(throws: (any Error).self) { try load("tcgaprad", folder.path) } as? any PyHealthError
        #expect(ragged?.code == "data.ragged-row")
        #expect(ragged?.message.contains("line 5") == true && ragged?.message.contains("CANARY") == false)
    }

    @Test func quotedCellsOfRawFilesAreRead() throws {
        let names = ["ID_SAMPLE"] + Self.cosmic.values.filter { $0 != "ID_SAMPLE" }.sorted()
        let cells = ["1", "\"a \"\"b\"\"\"", "\"\"\"c\"", "", "None", "é", "\"x,y\"", "\"two\nlines\"", "-"]
        try write("cosmic_mutations.csv", [names.joined(separator: ","), cells.joined(separator: ",")])
        let event = try #require(try load("cosmic", folder.path).first)
        let values = names.dropFirst().map { event.attributes[$0.lowercased()] }
        #expect(values == ["a \"b\"", "\"c", nil, nil, "é", "x,y", "two\nlines", "-"])
        #expect(event.patient == "1")
    }

    /// A definition of one's own may name raw files as well.
    @Test(arguments: [
        ("raw: [{file_path: r.tsv}]", "config.missing-key"),
        ("raw: [{columns: {a: b}}]", "config.missing-key"),
        ("raw: [{file_path: r.tsv, columns: {a: b}, patient_length: 0}]", "config.range"),
        ("raw: [{file_path: r.tsv, columns: {a: b}, colums: {}}]", "config.unknown-key"),
        ("raw: r.tsv", "config.type"),
    ])
    func aRawFormThatCannotBeIsRefused(text: String, code: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try DatasetDefinition(
                ConfigurationNode.parse(
                    "version: \"1\"\ntables: {own: {file_path: a.csv, attributes: [a], \(text)}}",
                    file: "own.yaml"),
                name: "own")
        }
        #expect(error?.code == code)
    }
}

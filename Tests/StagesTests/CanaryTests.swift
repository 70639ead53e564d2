import Foundation
import TestSupport
import Testing

/// Values of patients stay where they belong: nothing that people or batch systems see, and nothing on the wire, holds them.
@Suite(.serialized)
struct CanaryTests {
    /// A patient's number that no other number resembles.
    private static let patient = "773104277"

    /// Folders that hold patients' data by design.
    private static let ofPatients = ["samples/", "stage/", "checkpoints/", "predictions/"]

    /// Columns of free text and codes, with the tables that have them.
    private static let columns: [(table: String, column: String)] = [
        ("ADMISSIONS", "DIAGNOSIS"), ("ADMISSIONS", "INSURANCE"), ("ADMISSIONS", "ETHNICITY"),
        ("ADMISSIONS", "RELIGION"), ("PATIENTS", "GENDER"), ("DIAGNOSES_ICD", "ICD9_CODE"),
        ("PROCEDURES_ICD", "ICD9_CODE"), ("PRESCRIPTIONS", "DRUG"), ("PRESCRIPTIONS", "NDC"),
    ]

    @Test(arguments: [false, true]) func noPatientsValueLeavesItsPlace(isInsecure: Bool) throws {
        let runs = try RunFolder(patients: 120)
        try plant(runs)
        let port = UInt16.random(in: 20_000...30_000)
        let relay = try RecordingRelay(target: port)
        defer { relay.close() }
        let protection = isInsecure ? ["--insecure"] : []
        let run = runs.run("canary")
        let coordinator = try Commands.start(
            "pyhealth-coord",
            runs.arguments("canary", workers: 0, ["--listen", "tcp://127.0.0.1:\(port)"] + protection),
            folder: runs.folder)
        while coordinator.isRunning, access("\(run)/rendezvous.pb", F_OK) != 0 { usleep(2000) }
        let rendezvous = try Data(contentsOf: URL(fileURLWithPath: "\(run)/rendezvous.pb"))
        let worker = try Commands.start(
            "pyhealth-worker",
            ["--connect", "tcp://127.0.0.1:\(relay.port)", "--output", run, "--patience", "20"] + protection,
            folder: runs.folder)
        let outcome = try coordinator.wait()
        let end = try worker.wait()
        #expect(outcome.status == 0 && end.status == 0, "\(outcome.errors) \(end.errors)")
        for text in [outcome.output, outcome.errors, end.output, end.errors] {
            #expect(!holdsCanary(Data(text.utf8)))
        }
        #expect(!holdsCanary(rendezvous))
        try search(run)
        // The relay saw the whole conversation: readable without keys, unreadable with them.
        #expect(relay.bytes.count > 5000)
        #expect((relay.bytes.range(of: Data("stage/".utf8)) != nil) == isInsecure)
        if !isInsecure { #expect(!holdsCanary(relay.bytes)) }
    }

    @Test func whatMembersOfATrainingSendEachOtherHoldsNoPatientsValue() throws {
        let runs = try RunFolder(patients: 120)
        try plant(runs)
        let run = runs.run("members")
        let coordinator = try Commands.start(
            "pyhealth-coord", runs.arguments("members", workers: 2), folder: runs.folder)
        var relays: [String: RecordingRelay] = [:]
        // Workers listen for each other from their start on, and connect when the training begins.
        while coordinator.isRunning, relays.count < 2 {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(run)/ipc")) ?? []
            for name in names where name.hasPrefix("w") && !name.hasSuffix(".real") && relays[name] == nil {
                relays[name] = try RecordingRelay(replacing: "\(run)/ipc/\(name)")
            }
            usleep(1000)
        }
        defer { for relay in relays.values { relay.close() } }
        let outcome = try coordinator.wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(relays.count == 2)
        for relay in relays.values {
            // Sums of gradients, the ranges of rows that they touch, digests of states.
            #expect(relay.bytes.count > 20_000, "\(relay.bytes.count)")
            #expect(!holdsCanary(relay.bytes))
        }
        // The same search finds the codes where they belong.
        #expect(holdsCanary(try Data(contentsOf: URL(fileURLWithPath: "\(run)/samples/processors.json"))))
    }

    /// Puts canaries into one row of every text column, and a number of its own for one patient.
    private func plant(_ runs: RunFolder) throws {
        for (number, place) in Self.columns.enumerated() {
            let table = Table(path: "\(runs.corpusPath)/\(place.table).csv")
            let header = try table.lines()[0].split(separator: ",").map {
                $0.trimmingCharacters(in: ["\""]).uppercased()
            }
            guard let column = header.firstIndex(of: place.column) else { continue }
            let canary = "\(Refusal.canary)x\(number)"
            try table.edit(line: 5 + number) { row in
                // Notes are quoted and stand last; no quoted field stands before another of these columns.
                place.column == "DIAGNOSIS"
                    ? row.replacing(/"[^"]*"/, with: "\"\(canary), NOTE\"")
                    : Table.replacing(field: column, of: row, with: canary)
            }
        }
        let admissions = try Table(path: "\(runs.corpusPath)/ADMISSIONS.csv").lines()
        let old = String(admissions[3].split(separator: ",", omittingEmptySubsequences: false)[1])
        for name in try FileManager.default.contentsOfDirectory(atPath: runs.corpusPath)
        where name.hasSuffix(".csv") {
            let table = Table(path: "\(runs.corpusPath)/\(name)")
            try table.write(
                table.lines().map { line in
                    let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                    return fields.count > 1 && fields[1] == old
                        ? Table.replacing(field: 1, of: line, with: Self.patient) : line
                })
        }
    }

    private func search(_ run: String) throws {
        let files = (FileManager.default.enumerator(atPath: run)?.compactMap { $0 as? String } ?? []).sorted()
        for name in ["log.jsonl", "status.pb", "journal/1.pbj", "report.html", "metrics.json"] {
            #expect(files.contains(name), "\(name)")
        }
        for file in files where !Self.ofPatients.contains(where: file.hasPrefix) {
            guard let data = FileManager.default.contents(atPath: "\(run)/\(file)") else { continue }
            #expect(!holdsCanary(data), "\(file)")
        }
        // The search finds what is there: vocabularies hold codes.
        #expect(holdsCanary(try Data(contentsOf: URL(fileURLWithPath: "\(run)/samples/processors.json"))))
    }

    private func holdsCanary(_ data: Data) -> Bool {
        [Refusal.canary, Self.patient].contains { data.range(of: Data($0.utf8)) != nil }
    }
}

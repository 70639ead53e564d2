import Foundation
import TestSupport
import Testing

/// What a person asks before and after a run: plan, doctor, stats, explain.
@Suite(.serialized) struct ExploringTests {
    private func run(_ runs: RunFolder, _ arguments: [String]) throws -> Commands.Outcome {
        try Commands.run("pyhealth-coord", arguments, folder: runs.folder)
    }

    @Test func planTellsTablesTimeMemoryAndDiskAndWritesNothing() throws {
        let runs = try RunFolder(patients: 300)
        let before = try FileManager.default.contentsOfDirectory(atPath: runs.folder.path).count
        let outcome = try run(runs, ["plan", runs.jobPath, "--workers", "2", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        // The folder holds the two files of the command's output, and nothing else is new.
        let after = try FileManager.default.contentsOfDirectory(atPath: runs.folder.path).count
        #expect(after == before + 2)
        let plan = try JSONDecoder().decode(JSONValue.self, from: Data(outcome.output.utf8))
        let tables = plan["tables"].items
        #expect(tables.contains { $0["name"].text == "prescriptions" })
        for table in tables {
            let path = "\(runs.corpusPath)/\((table["name"].text ?? "").uppercased()).csv"
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            let read = try #require(table["fileBytes"].number)
            #expect(abs(read / Double(try #require(size)) - 1) < 0.01)
            let rows = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count - 1
            // A table of several pieces is estimated from its first megabytes.
            #expect(abs((table["rows"].number ?? 0) / Double(rows) - 1) < 0.1, "\(path)")
        }
        #expect(try #require(plan["seconds"].number) > 0 && plan["diskBytes"].number ?? 0 > 0)
        #expect(plan["memoryPerWorker"].number ?? 0 > 60e6 && plan["workers"].number == 2)
        // Samples of a real run take less than that, and not a tenth of it.
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        let samples = try bytes(below: "\(runs.run("run"))/stage") {
            $0.hasSuffix("raw.h5") || $0.hasSuffix("samples.h5")
        }
        #expect((0.1...1).contains(Double(samples) / (plan["sampleBytes"].number ?? 0)))
        let text = try run(runs, ["plan", runs.jobPath])
        for word in ["time to samples", "memory", "disk", "for samples", "diagnoses_icd"] {
            #expect(text.output.contains(word))
        }
        #expect(!text.output.contains("only"))
        let crowded = try run(runs, ["plan", runs.jobPath, "--workers", "9"])
        #expect(crowded.output.contains("after the scan only 1 of 9"), "\(crowded.output)")
    }

    private func bytes(below folder: String, _ isCounted: (String) -> Bool) throws -> Int {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter(isCounted).reduce(0) {
            let size = try FileManager.default.attributesOfItem(atPath: "\(folder)/\($1)")[.size] as? Int
            return $0 + (size ?? 0)
        }
    }

    @Test func planRefusesAMissingTableBeforeAnyWork() throws {
        let runs = try RunFolder(patients: 20)
        try FileManager.default.removeItem(atPath: "\(runs.corpusPath)/PRESCRIPTIONS.csv")
        let outcome = try run(runs, ["plan", runs.jobPath])
        #expect(outcome.status == 65 && outcome.errors.contains("prescriptions"), "\(outcome.errors)")
    }

    @Test func doctorLooksAtTheFolderOfTheRuns() throws {
        let runs = try RunFolder(patients: 5)
        let good = try run(runs, ["doctor", "--output", runs.run("x"), "--root", runs.corpusPath])
        #expect(good.status == 0, "\(good.output)")
        for word in [
            "processor", "libraries: ZeroMQ 4", "HDF5 1", "memory", "open files", "disk", "locking", "data",
        ] {
            #expect(good.output.contains(word))
        }
        let bad = try run(runs, ["doctor", "--output", runs.run("x"), "--root", "/nowhere"])
        #expect(bad.status == 1 && bad.output.contains("MEND  data"))
        let closed = try run(runs, ["doctor", "--output", "\(runs.jobPath)/x"])
        #expect(closed.status == 1 && closed.output.contains("MEND  output folder"), "\(closed.output)")
        #expect(closed.output.contains("sockets"))
    }

    @Test func doctorKnowsTheLimitOfAProcess() throws {
        let runs = try RunFolder(patients: 5)
        let bin = Commands.path("pyhealth-coord")
        let outcome = try Commands.runTool(
            "sh", ["-c", "ulimit -v 1000000; exec \(bin) doctor --output \(runs.run("x"))"],
            folder: runs.folder)
        #expect(outcome.output.contains("(ulimit -v)"), "\(outcome.output)")
    }

    @Test func statsTellsATableThatLacksAColumnFromOneThatIsNotThere() throws {
        let runs = try RunFolder(patients: 20)
        let path = "\(runs.corpusPath)/PRESCRIPTIONS.csv"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "STARTDATE", with: "BEGUN").write(
            toFile: path, atomically: true, encoding: .utf8)
        let outcome = try run(runs, ["stats", "mimic3", "--root", runs.corpusPath])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.output.contains("not read   prescriptions: there is no column startdate"),
            "\(outcome.output)")
    }

    @Test func doctorFindsWhatCannotBeReadFarDownAndNamesNoPatient() throws {
        let runs = try RunFolder(patients: 5)
        let deep = "\(runs.corpusPath)/files/p10/p10000032"
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(deep)/s1.txt", withDestinationPath: "/nowhere/at/all")
        let outcome = try run(runs, ["doctor", "--output", runs.run("x"), "--root", runs.corpusPath])
        #expect(outcome.status == 1 && outcome.output.contains("one below \"\(runs.corpusPath)/files/p10\""))
        #expect(!outcome.output.contains("p10000032"), "\(outcome.output)")
    }

    @Test func statsCountPatientsVisitsEventsAndEmptyCells() throws {
        let runs = try RunFolder(patients: 300)
        let outcome = try run(runs, ["stats", "mimic3", "--root", runs.corpusPath, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let stats = try JSONDecoder().decode(JSONValue.self, from: Data(outcome.output.utf8))
        #expect(stats["patients"].text == "300")
        let file = try String(contentsOfFile: "\(runs.corpusPath)/ADMISSIONS.csv", encoding: .utf8)
        #expect(stats["visits"].text == "\(file.split(separator: "\n").count - 1)")
        let text = try run(runs, ["stats", "mimic3", "--root", runs.corpusPath, "--tables", "prescriptions"])
        #expect(text.output.contains("prescriptions:") && text.output.contains("years"))
        #expect(stats["tables"].items.allSatisfy { $0["ofUnknownPatients"].text == "0" })
        let none = try run(runs, ["stats", "eicu", "--root", runs.corpusPath])
        #expect(none.status == 78 && none.errors.contains("config.no-table"))
    }

    @Test func statsCountEventsOfPatientsWhoHaveNoRow() throws {
        let runs = try RunFolder(patients: 60)
        let path = "\(runs.corpusPath)/PATIENTS.csv"
        let rows = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        try rows.prefix(31).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let outcome = try run(runs, ["stats", "mimic3", "--root", runs.corpusPath, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let stats = try JSONDecoder().decode(JSONValue.self, from: Data(outcome.output.utf8))
        let header = rows[0].lowercased().split(separator: ",")
        let known = try Set(
            rows[1..<31].map { row -> Substring in
                let column = try #require(header.firstIndex { $0.contains("subject_id") })
                return row.split(separator: ",", omittingEmptySubsequences: false)[column]
            })
        let admissions = try String(contentsOfFile: "\(runs.corpusPath)/ADMISSIONS.csv", encoding: .utf8)
            .split(separator: "\n")
        let place = try #require(
            admissions[0].lowercased().split(separator: ",").firstIndex { $0.contains("subject_id") })
        let orphans = admissions.dropFirst().count {
            !known.contains($0.split(separator: ",", omittingEmptySubsequences: false)[place])
        }
        #expect(orphans > 11)
        let table = stats["tables"].items.first { $0["name"].text == "admissions" }
        #expect(table?["ofUnknownPatients"].text == "\(orphans)")
        #expect(
            stats["tables"].items.first { $0["name"].text == "patients" }?["ofUnknownPatients"].text == "0")
        let text = try run(runs, ["stats", "mimic3", "--root", runs.corpusPath])
        #expect(text.output.contains("patient not in patients  \(orphans) events"))
    }

    @Test func explainPrintsToATerminalOnly() throws {
        let runs = try RunFolder(patients: 60)
        let patients = try String(contentsOfFile: "\(runs.corpusPath)/PATIENTS.csv", encoding: .utf8)
        let header = patients.split(separator: "\n")[0].split(separator: ",").map { $0.lowercased() }
        let column = try #require(header.firstIndex { $0.contains("subject_id") })
        let row = patients.split(separator: "\n")[1].split(separator: ",", omittingEmptySubsequences: false)
        let id = String(row[column])
        let piped = try run(runs, ["explain", runs.jobPath, "--patient", id])
        #expect(piped.status == 78 && piped.errors.contains("config.not-a-terminal") && piped.output.isEmpty)
        func onTerminal(_ patient: String) throws -> Commands.Outcome {
            let command = "\(Commands.path("pyhealth-coord")) explain \(runs.jobPath) --patient \(patient)"
            return try Commands.runTool("script", ["-qec", command, "/dev/null"], folder: runs.folder)
        }
        let shown = try onTerminal(id)
        #expect(shown.status == 0, "\(shown.output)")
        #expect(shown.output.contains("admissions:") && shown.output.contains("rules, in order"))
        #expect(shown.output.contains("IN:") || shown.output.contains("OUT:"))
        let unknown = try onTerminal("no-such-patient")
        #expect(unknown.status == 65 && unknown.output.contains("stage.unknown-patient"))
        #expect(!unknown.output.contains("no-such-patient"))
    }

    @Test func aSplitBySampleIsToldAsLeakageAndMayEndTheJob() throws {
        let runs = try RunFolder(patients: 220)
        let options = ["--set", "split.by=sample", "--until", "samples"]
        let warned = try runs.execute("warn", options)
        #expect(warned.status == 0, "\(warned.errors)")
        let report = try String(contentsOfFile: "\(runs.run("warn"))/report.html", encoding: .utf8)
        #expect(report.contains("leakage.patient-in-two-parts"))
        let failed = try runs.execute("fail", options + ["--set", "leakage=fail"])
        #expect(failed.status == 65 && failed.errors.contains("stage.leakage"), "\(failed.errors)")
        let off = try runs.execute("off", options + ["--set", "leakage=off"])
        #expect(off.status == 0)
        let other = try String(contentsOfFile: "\(runs.run("off"))/report.html", encoding: .utf8)
        #expect(!other.contains("leakage.patient-in-two-parts"))
    }

    @Test func aSecondTaskStartsAtTheEventStoreOfTheFirst() throws {
        let runs = try RunFolder(patients: 220)
        let first = try runs.execute("store", ["--until", "samples"])
        #expect(first.status == 0, "\(first.errors)")
        let stages = try FileManager.default.contentsOfDirectory(atPath: "\(runs.run("store"))/stage")
        let second = try runs.execute(
            "store", ["--until", "samples", "--set", "task.name=ReadmissionPredictionMIMIC3"])
        #expect(second.status == 0, "\(second.errors)")
        let after = try FileManager.default.contentsOfDirectory(atPath: "\(runs.run("store"))/stage")
        // Inspect, scan and events are those of the first task; extract, fit and encode are new.
        #expect(Set(after).intersection(stages).count >= 3)
        let alone = try runs.execute(
            "alone", ["--until", "samples", "--set", "task.name=ReadmissionPredictionMIMIC3"])
        #expect(alone.status == 0)
        let file = "samples/part-00000.h5"
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: "\(runs.run("store"))/\(file)"))
                == Data(contentsOf: URL(fileURLWithPath: "\(runs.run("alone"))/\(file)")))
    }
}

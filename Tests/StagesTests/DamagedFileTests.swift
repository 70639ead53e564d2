import Foundation
import TestSupport
import Testing

/// A file of a finished stage that is not as it was written any more is made again, and the job comes to the same bytes.
@Suite(.serialized)
struct DamagedFileTests {
    @Test(arguments: [
        ("events", "events", ".events.h5"), ("samples", "encode", ".samples.h5"),
        ("train", "train", "best.h5"),
    ]) func aFlippedBitIsMendedByComputingTheShardAgain(until: String, stage: String, suffix: String) throws {
        let runs = try RunFolder()
        #expect(try runs.execute("whole").status == 0)
        #expect(try runs.execute("damaged", workers: 2, ["--until", until]).status == 0)
        let damaged = try #require(try file(runs.run("damaged"), stage, suffix))
        let before = try FileManager.default.contentsOfDirectory(atPath: damaged.folder)
        try flip(damaged.path)
        let outcome = try runs.execute("damaged", workers: 2)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("input-damaged stage=\(stage)"), "\(outcome.errors)")
        #expect(try runs.digests("damaged") == runs.digests("whole"))
        // Of a stage of several files only one is new.
        let after = try FileManager.default.contentsOfDirectory(atPath: damaged.folder)
        let added = Set(after).subtracting(before).filter { $0.hasSuffix(suffix) }
        #expect(stage == "train" || added.count == 1, "\(added)")
    }

    /// A finished run that is run again gives nobody a file that is not as it was written.
    @Test(arguments: [
        ("evaluate", "metrics.json"), ("fit", "processors.json"), ("fit", "attrition.json"),
        ("encode", ".samples.h5"),
    ]) func aFlippedBitOfAFinishedRunIsMendedByTheSameCommand(stage: String, suffix: String) throws {
        let runs = try RunFolder()
        #expect(try runs.execute("run").status == 0)
        let whole = try runs.digests("run")
        try flip(try #require(try file(runs.run("run"), stage, suffix)).path)
        let outcome = try runs.execute("run", workers: 2)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("input-damaged stage=\(stage)"), "\(outcome.errors)")
        #expect(try runs.digests("run") == whole)
        #expect(
            try Commands.run("pyhealth-coord", ["verify", runs.run("run")], folder: runs.folder).status == 0)
    }

    @Test func aCountThatWasChangedInASmallFileIsMended() throws {
        let runs = try RunFolder(patients: 120)
        let later = ["--set", "split.seed=3"]
        #expect(try runs.execute("whole", later).status == 0)
        #expect(try runs.execute("damaged").status == 0)
        let path = try #require(try file(runs.run("damaged"), "extract", ".attrition.json")).path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        // Of the same size: a file of another one is missed before it is read.
        let changed = text.replacing(/"visitsIn":[0-9]/) {
            $0.output.hasSuffix("1") ? "\"visitsIn\":2" : "\"visitsIn\":1"
        }
        #expect(changed != text && changed.count == text.count)
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        let outcome = try runs.execute("damaged", later)
        #expect(outcome.status == 0 && outcome.errors.contains("input-damaged stage=extract"))
        #expect(try runs.digests("damaged") == runs.digests("whole"))
    }

    /// The state of the best epoch is gone, from a finished training or from one that is to go on.
    @Test(arguments: [true, false]) func aTrainingThatLostItsBestStateBeginsAnew(isFinished: Bool) throws {
        let runs = try RunFolder(patients: 120)
        // No epoch is better than the first.
        let still = ["--set", "trainer.optimizer_params={lr: 0}"]
        #expect(try runs.execute("run", still).status == 0)
        let whole = try runs.digests("run")
        let stage = try #require(try file(runs.run("run"), "train", "best.h5")).folder
        try FileManager.default.removeItem(atPath: "\(stage)/best.h5")
        if !isFinished {
            try FileManager.default.moveItem(atPath: "\(stage)/last.h5", toPath: "\(stage)/epoch-1.h5")
            for name in ["history.csv", "MANIFEST.pb"] {
                try FileManager.default.removeItem(atPath: "\(stage)/\(name)")
            }
        }
        let outcome = try runs.execute("run", still)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try runs.digests("run") == whole)
        #expect(access("\(stage)/best.h5", F_OK) == 0)
    }

    /// Samples change on disk after a training has looked at them: neither its result nor its states count.
    @Test func whatWasLearntFromDamagedSamplesDoesNotCount() throws {
        let runs = try RunFolder(patients: 120)
        let long = ["--set", "trainer.epochs=60"]
        #expect(try runs.execute("whole", long).status == 0)
        #expect(try runs.execute("damaged", ["--until", "samples"]).status == 0)
        let samples = try #require(try file(runs.run("damaged"), "encode", ".samples.h5")).path
        let job = try Commands.start(
            "pyhealth-coord", runs.arguments("damaged", workers: 1, long), folder: runs.folder)
        var first: (folder: String, path: String)?
        for _ in 0..<60_000 where first == nil {
            usleep(1000)
            first = try? file(runs.run("damaged"), "train", "epoch-0.h5")
        }
        #expect(first != nil, "no epoch within a minute")
        let handle = try #require(FileHandle(forUpdatingAtPath: samples))
        let middle = try handle.seekToEnd() / 2
        try handle.seek(toOffset: middle)
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: middle)
        try handle.write(contentsOf: [byte ^ 4])
        try handle.close()
        let outcome = try job.wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("input-damaged stage=encode"), "\(outcome.errors)")
        #expect(try runs.digests("damaged") == runs.digests("whole"))
    }

    @Test func verifyMissesNoFileThatARunThatIsOverMustHave() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        let stages = try FileManager.default.contentsOfDirectory(atPath: "\(runs.run("run"))/stage")
        #expect(stages.count > 3)
        for name in ["SHA256SUMS", "job.pb", "epoch/1"] + stages.map({ "stage/\($0)/MANIFEST.pb" }) {
            let path = "\(runs.run("run"))/\(name)"
            try FileManager.default.moveItem(atPath: path, toPath: runs.run("aside"))
            let outcome = try Commands.run(
                "pyhealth-coord", ["verify", runs.run("run")], folder: runs.folder)
            #expect(
                outcome.status == 65 && outcome.output.contains("\(name) is missing"), "\(outcome.output)")
            try FileManager.default.moveItem(atPath: runs.run("aside"), toPath: path)
        }
    }

    /// The last file of a stage with this ending.
    private func file(
        _ run: String, _ stage: String, _ suffix: String
    ) throws -> (folder: String, path: String)? {
        let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
        for line in log.split(separator: "\n")
        where line.contains("\"stage-opened\"") && line.contains("\"name\":\"\(stage)\"") {
            guard let id = line.firstMatch(of: /"stage":"([0-9a-f]+)"/)?.1 else { continue }
            let folder = "\(run)/stage/\(id)"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            return names.last { $0.hasSuffix(suffix) }.map { (folder, "\(folder)/\($0)") }
        }
        return nil
    }

    /// Changes a bit in the middle; other names of the file keep what it was.
    private func flip(_ path: String) throws {
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        content[content.count / 2] ^= 4
        try FileManager.default.removeItem(atPath: path)
        try content.write(to: URL(fileURLWithPath: path))
    }
}

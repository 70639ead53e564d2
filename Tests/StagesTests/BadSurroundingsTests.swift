import Foundation
import TestSupport
import Testing

/// Disks, other coordinators, other jobs and numbers that run away: each ends the job with one clear error.
@Suite(.serialized)
struct BadSurroundingsTests {
    @Test func aLossThatIsNotANumberNamesStepAndParameter() throws {
        let runs = try RunFolder(patients: 120)
        let refusal = Refusal(
            name: "NaN loss", code: "training.non-finite", status: 65,
            words: ["epoch", "step", "parameter", ".weight", "Lower lr"])
        let wild = [
            "--set", "trainer.optimizer=SGD", "--set", "trainer.optimizer_params={lr: 1000000}", "--set",
            "model={name: MLP, embedding_dim: 8, hidden_dim: 8}", "--set", "trainer.epochs=20",
        ]
        try refusal.check(runs.execute("bad", wild), run: runs.run("bad"))
    }

    @Test func theOperationWhereNumbersRunAwayIsNamedIfAsked() throws {
        let runs = try RunFolder(patients: 120)
        let refusal = Refusal(
            name: "NaN operation", code: "training.non-finite-operation", status: 65,
            words: ["peration \"", "epoch", "step", "virtual rank", "Lower lr"])
        let wild = [
            "--set", "trainer.optimizer=SGD", "--set", "trainer.optimizer_params={lr: 1000000}", "--set",
            "model={name: MLP, embedding_dim: 8, hidden_dim: 8}", "--set", "trainer.epochs=20", "--set",
            "trainer.check_numerics=true",
        ]
        try refusal.check(runs.execute("bad", wild), run: runs.run("bad"))
    }

    @Test func anOutputThatCannotBeCreatedIsNamed() throws {
        let runs = try RunFolder(patients: 10)
        let file = runs.folder.file("file")
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let outcome = try Commands.run(
            "pyhealth-coord", ["run", runs.jobPath, "--output", "\(file)/run", "--quiet"], folder: runs.folder
        )
        let refusal = Refusal(
            name: "unwritable", code: "file.create", status: 73,
            words: ["Not a directory", "name another place"])
        try refusal.check(outcome, run: "\(file)/run")
    }

    @Test func somebodysOwnFilesAreNotReplaced() throws {
        let runs = try RunFolder(patients: 20)
        let own = runs.run("own")
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        try "mine".write(toFile: "\(own)/attrition.csv", atomically: true, encoding: .utf8)
        let refusal = Refusal(
            name: "own files", code: "config.output-exists", status: 78, words: ["attrition.csv", "--output"])
        try refusal.check(runs.execute("own"), run: own)
        #expect(try FileManager.default.contentsOfDirectory(atPath: own) == ["attrition.csv"])
        let data = try Commands.run(
            "pyhealth-coord", ["run", runs.jobPath, "--output", "\(runs.corpusPath)/.", "--quiet"],
            folder: runs.folder)
        #expect(data.status == 78 && data.errors.contains("[config.output-is-data]"), "\(data.errors)")
        // Other names stay what they are, beside the run.
        try FileManager.default.moveItem(atPath: "\(own)/attrition.csv", toPath: "\(own)/notes.txt")
        #expect(try runs.execute("own", ["--until", "samples"]).status == 0)
        #expect(try String(contentsOfFile: "\(own)/notes.txt", encoding: .utf8) == "mine")
    }

    /// Batch systems pass on the variables of a login on another machine.
    @Test func aPlaceForSocketsThatIsNotThereIsPassedOver() throws {
        let runs = try RunFolder(patients: 20)
        let long = "run-" + String(repeating: "long", count: 24)
        let places = ["XDG_RUNTIME_DIR": "/run/user/nobody", "TMPDIR": "relative"]
        let outcome = try runs.execute(long, ["--until", "events"], environment: places)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let doctor = try Commands.run("pyhealth-coord", ["doctor"], environment: places, folder: runs.folder)
        #expect(doctor.output.contains("/tmp/pyhealth-"), "\(doctor.output)")
    }

    @Test(.enabled("needs a mount namespace of its own") { canMount() })
    func aFullDiskIsNamedAndTheJobGoesOnWhenThereIsRoom() throws {
        let runs = try RunFolder(patients: 220)
        let disk = runs.folder.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let command = ([Commands.path("pyhealth-coord")] + runs.arguments("small", workers: 1))
            .map { $0 == runs.run("small") ? "\(disk)/run" : $0 }.joined(separator: " ")
        let errors = runs.folder.file("errors")
        // The job runs on a small disk, which grows once somebody has said that it is full.
        let script = """
            mount -t tmpfs -o size=1m none \(disk) || exit 90
            \(command) 2> \(errors) & job=$!
            while ! grep -q disk-full \(errors); do kill -0 $job || exit 91; sleep 0.05; done
            mount -o remount,size=100m \(disk); wait $job; status=$?
            cp -a \(disk)/run \(runs.run("left")); exit $status
            """
        let outcome = try Commands.runTool("unshare", ["-m", "sh", "-c", script], folder: runs.folder)
        let told = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(outcome.status == 0, "\(outcome.errors)\n\(told)")
        #expect(told.contains("disk-full"))
        #expect(try runs.execute("undisturbed").status == 0)
        #expect(try runs.digests("left") == runs.digests("undisturbed"))
    }

    @Test(.enabled("needs a mount namespace of its own") { canMount() })
    func whoWaitsForSpaceCanBeStopped() throws {
        let runs = try RunFolder(patients: 220)
        let (disk, errors) = (runs.folder.file("disk"), runs.folder.file("errors"))
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let command = ([Commands.path("pyhealth-coord")] + runs.arguments("small", workers: 1))
            .map { $0 == runs.run("small") ? "\(disk)/run" : $0 }.joined(separator: " ")
        // Until the disk is full, wherever that is; then the end must come soon, and every line of the log be whole.
        let script = """
            mount -t tmpfs -o size=400k none \(disk) || exit 90
            \(command) 2> \(errors) & job=$!
            while ! grep -q disk-full \(errors); do kill -0 $job || exit 91; sleep 0.05; done
            dd if=/dev/zero of=\(disk)/rest bs=4096 2> /dev/null
            kill -TERM $job; ( sleep 90; kill -KILL $job ) & wait $job; status=$?
            kill $!; cp \(disk)/run/log.jsonl \(runs.folder.file("log")); exit $status
            """
        let outcome = try Commands.runTool("unshare", ["-m", "sh", "-c", script], folder: runs.folder)
        let told = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(outcome.status == 75, "\(outcome.errors)\n\(told)")
        let log = try String(contentsOfFile: runs.folder.file("log"), encoding: .utf8)
        for line in log.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
    }

    @Test(.enabled("needs a mount namespace of its own") { canMount() })
    func whatIsForPeopleWaitsForSpaceToo() throws {
        let runs = try RunFolder(patients: 120)
        let (disk, errors) = (runs.folder.file("disk"), runs.folder.file("errors"))
        for folder in [disk, runs.run("small")] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        let arguments = runs.arguments("small", workers: 1, ["--until", "samples"])
        let command = ([Commands.path("pyhealth-coord")] + arguments).joined(separator: " ")
        let script = """
            mount -t tmpfs -o size=8k none \(disk) || exit 90
            ln -s \(disk) \(runs.run("small"))/samples
            \(command) 2> \(errors) & job=$!
            while ! grep -q disk-full \(errors); do kill -0 $job || exit 91; sleep 0.05; done
            mount -o remount,size=100m \(disk); wait $job; status=$?
            ls -A \(disk) | grep tmp && exit 93
            cp \(disk)/part-00000.h5 \(runs.folder.file("part")); exit $status
            """
        let outcome = try Commands.runTool("unshare", ["-m", "sh", "-c", script], folder: runs.folder)
        let told = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(outcome.status == 0, "\(outcome.errors)\n\(told)")
        #expect(try runs.execute("other", ["--until", "samples"]).status == 0)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: runs.folder.file("part")))
                == Data(contentsOf: URL(fileURLWithPath: "\(runs.run("other"))/samples/part-00000.h5")))
    }

    @Test(arguments: ["2> /dev/full", "> /dev/full", "2>&1 | true", "<&- >&- 2>&-"])
    func outputThatNobodyTakesEndsNoRun(redirection: String) throws {
        let runs = try RunFolder(patients: 60)
        let command = ([Commands.path("pyhealth-coord")] + runs.arguments("run", workers: 1)).filter {
            $0 != "--quiet"
        }.joined(separator: " ")
        let code = runs.folder.file("code")
        _ = try Commands.runTool(
            "sh", ["-c", "( \(command); echo $? > \(code) ) \(redirection)"], folder: runs.folder)
        #expect(try String(contentsOfFile: code, encoding: .utf8) == "0\n")
        #expect(access("\(runs.run("run"))/metrics.json", F_OK) == 0)
    }

    @Test func anErrorThatCannotBeToldKeepsItsStatusAndALostResultIsAnError() throws {
        let runs = try RunFolder(patients: 10)
        let coordinator = Commands.path("pyhealth-coord")
        func status(_ command: String) throws -> Int32 {
            try Commands.runTool("sh", ["-c", command], folder: runs.folder).status
        }
        #expect(try status("\(coordinator) status \(runs.run("none")) 2> /dev/full") == 74)
        #expect(try status("\(coordinator) stats mimic3 --root \(runs.corpusPath) > /dev/full") == 73)
    }

    @Test func theLossOfTheTerminalStopsARunUnlessItIsIgnored() throws {
        let runs = try RunFolder(patients: 60)
        func status(_ name: String, _ command: [String], workers: Int, _ extra: [String] = []) throws -> Int32
        {
            // Whoever runs the tests may ignore the signal.
            let run = try Commands.startTool(
                "--default-signal=HUP",
                command + runs.arguments(name, workers: workers, extra), folder: runs.folder)
            while run.isRunning, access("\(runs.run(name))/status.pb", F_OK) != 0 { usleep(2000) }
            kill(run.pid, SIGHUP)
            return try run.wait().status
        }
        let alone = ["--listen", "ipc://\(runs.folder.file("socket"))"]
        let coordinator = Commands.path("pyhealth-coord")
        #expect(try status("lost", [coordinator], workers: 0, alone) == 75)
        #expect(try status("kept", ["nohup", coordinator], workers: 1) == 0)
        #expect(try runs.execute("lost").status == 0)
        #expect(try runs.digests("lost") == runs.digests("kept"))
    }

    @Test func aSecondCoordinatorOnTheSameDirectoryIsRefused() throws {
        let runs = try RunFolder(patients: 60)
        let first = try Commands.start(
            "pyhealth-coord",
            runs.arguments("run", workers: 0, ["--listen", "ipc://\(runs.folder.file("socket"))"]),
            folder: runs.folder)
        defer {
            kill(first.pid, SIGKILL)
            _ = try? first.wait()
        }
        while first.isRunning, access("\(runs.run("run"))/status.pb", F_OK) != 0 { usleep(2000) }
        let second = try runs.execute("run")
        let refusal = Refusal(
            name: "second coordinator", code: "cluster.coordinator-running", status: 75,
            words: ["in use", "process \(first.pid)", "another output directory"])
        try refusal.check(second, run: runs.run("run"))
    }

    @Test func anInterruptedRunOfAnotherJobIsRefused() throws {
        let runs = try RunFolder(patients: 60)
        let first = try Commands.start(
            "pyhealth-coord",
            runs.arguments("run", workers: 0, ["--listen", "ipc://\(runs.folder.file("socket"))"]),
            folder: runs.folder)
        while first.isRunning, access("\(runs.run("run"))/status.pb", F_OK) != 0 { usleep(2000) }
        kill(first.pid, SIGINT)
        #expect(try first.wait().status == 75)
        let refusal = Refusal(
            name: "wrong job", code: "cluster.wrong-job", status: 78,
            words: ["model.hidden_dim", "trainer.epochs", "another output directory"])
        let other = ["--set", "model.hidden_dim=16", "--set", "trainer.epochs=1"]
        try refusal.check(runs.execute("run", other), run: runs.run("run"))
        #expect(try runs.execute("run").status == 0)
    }

    @Test func aJobThatItsSettingsEndedMayBeMendedInItsFolder() throws {
        let runs = try RunFolder(patients: 120)
        let wild = [
            "--set", "trainer.optimizer=SGD", "--set", "trainer.optimizer_params={lr: 1000000}", "--set",
            "model={name: MLP, embedding_dim: 8, hidden_dim: 8}", "--set", "trainer.epochs=20",
        ]
        #expect(try runs.execute("run", wild).status == 65)
        let mended = try runs.execute("run")
        #expect(mended.status == 0, "\(mended.errors)")
    }

    @Test func aPortThatIsNoneIsRefused() throws {
        let runs = try RunFolder(patients: 20)
        let outcome = try runs.execute("run", ["--listen", "tcp://127.0.0.1:99999", "--insecure"])
        #expect(outcome.status == 78 && outcome.errors.contains("65535"), "\(outcome.errors)")
    }

    /// To bind, the message library knows addresses and interfaces only.
    @Test func aNameOfThisMachineMayBeListenedAt() throws {
        let runs = try RunFolder(patients: 20)
        let named = ["--listen", "tcp://localhost:*", "--insecure", "--until", "events"]
        let outcome = try runs.execute("run", named)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let unknown = try runs.execute("bad", ["--listen", "tcp://no-such-host.invalid:5999"])
        #expect(unknown.status == 69 && unknown.errors.contains("no-such-host.invalid"), "\(unknown.errors)")
    }

    @Test(arguments: [("mimic3", "--chartevents"), ("mimic4", "--labs"), ("omop", "--labs")])
    func anOptionForAnotherLayoutIsRefused(layout: String, option: String) throws {
        let folder = try TemporaryFolder("corpus")
        let outcome = try Commands.run(
            "pyhealth-coord",
            ["synthesize", layout, "--patients", "5", "--output", folder.file("corpus"), option],
            folder: folder)
        #expect(
            outcome.status == 78 && outcome.errors.contains("[config.unused-option]"), "\(outcome.errors)")
        #expect(access(folder.file("corpus"), F_OK) != 0)
    }

    @Test func aCheckpointOfAnotherJobIsRefused() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run").status == 0)
        let last = "\(runs.run("run"))/checkpoints/last.h5"
        let other = Refusal(
            name: "other checkpoint", code: "training.other-checkpoint", status: 78,
            words: ["last.h5", "does not fit this job"])
        try other.check(
            runs.execute("bad", ["--resume", last, "--set", "model.hidden_dim=16"]), run: runs.run("bad"))
        let done = Refusal(
            name: "finished checkpoint", code: "training.nothing-left", status: 78,
            words: ["last.h5", "2 epochs", "trainer.epochs"])
        try done.check(runs.execute("done", ["--resume", last]), run: runs.run("done"))
        let alone = runs.folder.file("alone.h5")
        try FileManager.default.copyItem(atPath: last, toPath: alone)
        let lonely = Refusal(
            name: "checkpoint without the best one", code: "training.missing-best", status: 78,
            words: ["best.h5", "load_best_model_at_last"])
        let more = ["--set", "trainer.epochs=3"]
        try lonely.check(runs.execute("alone", ["--resume", alone] + more), run: runs.run("alone"))
        // What the advice says can be done, defaults may be written out, and no best state of another job stays.
        let still = ["--set", "trainer.optimizer_params={lr: 0}"]
        #expect(try runs.execute("still", still).status == 0)
        try FileManager.default.removeItem(atPath: alone)
        try FileManager.default.copyItem(atPath: "\(runs.run("still"))/checkpoints/last.h5", toPath: alone)
        #expect(try runs.execute("alone").status == 0)
        let without = try runs.execute(
            "alone",
            ["--resume", alone, "--set", "trainer.load_best_model_at_last=false"] + more + still
                + ["--set", "trainer.metrics=[pr_auc, roc_auc, f1]", "--set", "model.num_layers=1"])
        #expect(without.status == 0, "\(without.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(runs.run("alone"))/checkpoints")
        #expect(left == ["last.h5"])
        let own = Refusal(
            name: "its own checkpoint", code: "config.resume", status: 78, words: ["--output", "copy"])
        try own.check(runs.execute("run", ["--resume", last] + more), run: runs.run("none"))
        let best = "\(runs.run("run"))/checkpoints/best.h5"
        let right = try Data(contentsOf: URL(fileURLWithPath: best))
        #expect(try runs.execute("foreign", ["--set", "trainer.optimizer_params={lr: 0.5}"]).status == 0)
        try Data(contentsOf: URL(fileURLWithPath: "\(runs.run("foreign"))/checkpoints/best.h5")).write(
            to: URL(fileURLWithPath: best))
        let foreign = Refusal(
            name: "best checkpoint of another job", code: "training.other-checkpoint", status: 78,
            words: ["best.h5", "does not fit this job"])
        try foreign.check(runs.execute("other", ["--resume", last] + more), run: runs.run("other"))
        try Data("junk".utf8).write(to: URL(fileURLWithPath: best))
        let junk = try runs.execute("junk", ["--resume", last] + more)
        #expect(junk.status == 74 && junk.errors.contains(best), "\(junk.errors)")
        // Without need of it, it is passed over.
        let unneeded = ["--set", "trainer.load_best_model_at_last=false"]
        #expect(try runs.execute("needless", ["--resume", last] + more + unneeded).status == 0)
        // Once it is put right, the same command goes on.
        try right.write(to: URL(fileURLWithPath: best))
        #expect(try runs.execute("junk", ["--resume", last] + more).status == 0)
        let wrong = Refusal(
            name: "no checkpoint", code: "config.resume", status: 78, words: ["no checkpoint", "last.h5"])
        let predictions = "\(runs.run("run"))/predictions/test.h5"
        try wrong.check(runs.execute("none", ["--resume", predictions] + more), run: runs.run("none"))
        let text = Refusal(
            name: "a text", code: "config.resume", status: 78, words: ["no checkpoint", "job.yaml"])
        try text.check(runs.execute("none", ["--resume", runs.jobPath] + more), run: runs.run("none"))
        let missing = Refusal(
            name: "missing checkpoint", code: "config.no-file", status: 78, words: ["--resume", "no file"])
        try missing.check(runs.execute("none", ["--resume", "\(last).gone"]), run: runs.run("none"))
        let whole = try Data(contentsOf: URL(fileURLWithPath: last))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: last))
        let torn = try runs.execute("torn", ["--resume", last] + more)
        #expect(torn.status == 74, "\(torn.errors)")
        #expect(torn.errors.contains("last.h5"), "\(torn.errors)")
    }
}

/// Whether this process may mount a file system in a namespace of its own.
private func canMount() -> Bool {
    let folder = try? TemporaryFolder("mount")
    let outcome = folder.flatMap {
        try? Commands.runTool("unshare", ["-m", "mount", "-t", "tmpfs", "none", $0.path], folder: $0)
    }
    return outcome?.status == 0
}

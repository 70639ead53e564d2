import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

struct RunDirectoryTests {
    private func commit(_ text: String, name: String, epoch: Int, in directory: RunDirectory) throws
        -> WireShardCommit
    {
        var commit = WireShardCommit()
        var output = WireOutputFile()
        output.path = "stage/aa/\(name).e\(epoch).a1.text"
        output.name = "text"
        output.bytes = UInt64(text.utf8.count)
        output.sha256 = text
        commit.outputs = [output]
        try AtomicFile.write(text, to: directory.file(output.path), durable: false)
        return commit
    }

    private func files(_ directory: RunDirectory, _ names: [String] = ["s0"]) throws -> StageFiles {
        try directory.createFolder("stage/aa")
        let shards = names.map { ShardSpec(name: $0, payload: Data()) }
        return StageFiles(
            directory: directory, spec: StageSpec(id: "aa", name: "scan", kind: .shards(shards)))
    }

    /// `rendezvous.pb` goes before the run's end is written: who has the directory is told without it.
    @Test func tellsWhoHasTheDirectory() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let lock = try RunLock(directory)
        defer { withExtendedLifetime(lock) {} }
        let error = try #require(throws: ClusterError.self) { try RunLock(directory) }
        #expect(error.code == "cluster.coordinator-running")
        #expect(error.message.contains("on \(ProcessInfo.processInfo.hostName) (process \(getpid()))"))
    }

    @Test func publishesAManifestOnce() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let files = try files(directory)
        let first = try files.publish(
            [commit("equal", name: "s0", epoch: 1, in: directory)], build: "b", epoch: 2)
        // A second publisher with equal digests gets the first one's manifest.
        let second = try files.publish(
            [commit("equal", name: "s0", epoch: 2, in: directory)], build: "b", epoch: 2)
        #expect(first == second)
        #expect(second.shards[0].outputs[0].path.contains(".e1."))
        #expect(try files.load(epoch: 2).stage?.cached == true)
    }

    @Test func refusesASecondManifestWithOtherDigests() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let files = try files(directory)
        _ = try files.publish([commit("one", name: "s0", epoch: 1, in: directory)], build: "b", epoch: 2)
        let error = try #require(throws: ClusterError.self) {
            try files.publish([commit("two", name: "s0", epoch: 2, in: directory)], build: "b", epoch: 2)
        }
        #expect(error.code == "cluster.non-deterministic")
        #expect(error.exitStatus == .data)
    }

    @Test func removesOnlyWhatTheManifestDoesNotName() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let files = try files(directory)
        let named = try commit("equal", name: "s0", epoch: 2, in: directory)
        _ = try commit("equal", name: "s0", epoch: 1, in: directory)
        try AtomicFile.write("x", to: directory.file("stage/aa/s0.e2.a2.text.tmp.0000abcd"), durable: false)
        try AtomicFile.write("x", to: directory.file("stage/aa/best.h5"), durable: false)
        _ = try files.publish([named], build: "b", epoch: 3)
        #expect(directory.names(in: "stage/aa") == ["MANIFEST.pb", "best.h5", "s0.e2.a1.text"])
    }

    @Test(
        arguments: [
            ("s0.e2.a11.text", 2), ("a-b_c.e18.a1.commit.pb", 18), ("best.h5", nil), ("s0.e2.text", nil),
            (".e2.a1.text", nil), ("s0.e.a1.text", nil), ("s0.e1.b1.text", nil),
            ("MANIFEST.pb.invalid.e2", nil),
        ] as [(String, UInt64?)]) func knowsAnAttemptByItsName(name: String, epoch: UInt64?)
    {
        #expect(StageFiles.epoch(ofAttempt: name) == epoch)
    }

    @Test func putsAManifestAsideWhoseFilesAreGone() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let files = try files(directory)
        _ = try files.publish([commit("equal", name: "s0", epoch: 1, in: directory)], build: "b", epoch: 2)
        try AtomicFile.write("other size", to: directory.file("stage/aa/s0.e1.a1.text"), durable: false)
        let (stage, wasInvalid) = try files.load(epoch: 2)
        #expect(stage == nil && wasInvalid)
        #expect(directory.names(in: "stage/aa").contains("MANIFEST.pb.invalid.e2"))
    }

    @Test func takesEveryEpochOnce() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        #expect(try (0..<12).map { _ in try directory.takeEpoch(build: "b") } == Array(1...12))
    }

    @Test func takesAnEpochAfterThoseOfJournalsWhereTheFolderOfEpochsIsLost() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        try directory.createFolder("journal")
        for name in ["2.pbj", "11.pbj", "3.pbj.tmp"] {
            try AtomicFile.write("", to: directory.file("journal/\(name)"), durable: false)
        }
        #expect(try directory.takeEpoch(build: "b") == 12)
    }

    @Test func aTrainingWithoutOneOfItsFilesKeepsNone() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let spec = StageSpec(id: "bb", name: "train", kind: .training(payload: Data(), virtualRanks: 1))
        let files = StageFiles(directory: directory, spec: spec)
        try directory.createFolder("stage/bb")
        var commit = WireShardCommit()
        for name in ["best.h5", "last.h5"] {
            try AtomicFile.write("state", to: directory.file("stage/bb/\(name)"), durable: false)
            commit.outputs.append(
                .with {
                    $0.name = name
                    $0.path = "stage/bb/\(name)"
                    $0.bytes = 5
                })
        }
        _ = try files.publish([commit], build: "b", epoch: 1)
        #expect(try files.load(epoch: 1).stage != nil)
        try FileManager.default.removeItem(atPath: directory.file("stage/bb/best.h5"))
        let (stage, wasInvalid) = try files.load(epoch: 2)
        #expect(stage == nil && wasInvalid)
        #expect(directory.names(in: "stage/bb") == ["MANIFEST.pb.invalid.e2"])
    }

    @Test func unfinishedTrainingsBeginAnewInAFolderOfTheirOwn() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        let before = [
            "aa/MANIFEST.pb", "aa/best.h5", "bb/OPEN.pb", "bb/s0.e1.a1.text", "bb/epoch-3.h5", "bb/last.h5",
            "bb/checkpoints/7.h5",
        ]
        func write(_ name: String) throws {
            try directory.createFolder(("stage/\(name)" as NSString).deletingLastPathComponent)
            try AtomicFile.write("state", to: directory.file("stage/\(name)"), durable: false)
        }
        for name in before { try write(name) }
        let spec = StageSpec(id: "bb", name: "train", kind: .training(payload: Data(), virtualRanks: 1))
        let files = StageFiles(directory: directory, spec: spec)
        #expect(files.trainingFolder == "stage/bb")
        for (epoch, again) in [(2, 1), (10, 1), (10, 2)] {
            try StageFiles.beginTrainingsAnew(in: directory, epoch: UInt64(epoch), again: again)
            #expect(files.trainingFolder == "stage/bb/life-e\(epoch)-\(again)")
        }
        // A later coordinator may have members at work in what was there: nothing goes before the stage is finished.
        for name in before { #expect(access(directory.file("stage/\(name)"), F_OK) == 0, "\(name)") }
        let lives = [
            "bb/life-e2-1/last.h5", "bb/life-e10-2/last.h5", "bb/life-e10-2/checkpoints/8.h5",
            "bb/life-e11-1/last.h5",
        ]
        for name in lives { try write(name) }
        var commit = WireShardCommit()
        commit.outputs = [
            .with { ($0.name, $0.path, $0.bytes) = ("last.h5", "stage/bb/life-e10-2/last.h5", 5) }
        ]
        _ = try files.publish([commit], build: "b", epoch: 10)
        #expect(
            directory.names(in: "stage/bb").sorted() == [
                "MANIFEST.pb", "OPEN.pb", "life-e10-2", "life-e11-1",
            ])
        #expect(directory.names(in: "stage/bb/life-e10-2") == ["last.h5"])
        #expect(directory.names(in: "stage/aa").sorted() == ["MANIFEST.pb", "best.h5"])
    }

    @Test func refusesADamagedRecord() throws {
        let folder = try TemporaryFolder("run")
        let directory = try RunDirectory(folder.path)
        try AtomicFile.write("not a message", to: directory.file("job.pb"), durable: false)
        let error = try #require(throws: ClusterError.self) { try directory.read(WireJob.self, "job.pb") }
        #expect(error.code == "cluster.damaged")
    }

    @Test func refusesAnUnwritableDirectory() throws {
        let error = try #require(throws: FileError.self) { try RunDirectory("/proc/nowhere/run") }
        #expect(error.exitStatus == .cannotCreate)
    }

    @Test(arguments: ["a/b", "", "a.b", "ä", String(repeating: "x", count: 101)])
    func refusesShardNamesThatAreNoFileNames(name: String) throws {
        let folder = try TemporaryFolder("run")
        let error = try #require(throws: ClusterError.self) {
            try files(RunDirectory(folder.path), [name]).validate()
        }
        #expect(error.code == "cluster.invalid-stage")
    }

    @Test func refusesTwoShardsOfOneName() throws {
        let folder = try TemporaryFolder("run")
        #expect(throws: ClusterError.self) { try files(RunDirectory(folder.path), ["s", "s"]).validate() }
    }

    @Test func keepsSocketsInAShortPath() throws {
        let folder = try TemporaryFolder("run")
        let short = try SocketPlaces.folder(runDirectory: folder.path)
        #expect(short == "\(folder.path)/ipc")
        let long = folder.path + "/" + String(repeating: "x", count: 120)
        let elsewhere = try SocketPlaces.folder(runDirectory: long)
        #expect(elsewhere.utf8.count < 80)
        #expect(try SocketPlaces.folder(runDirectory: long) == elsewhere)
        rmdir(elsewhere)
    }

    @Test func logsEventsAsJSON() throws {
        let event = ClusterEvent.workerLost(instance: 0xab, cause: .signalled(9))
        let line = EventLog.line(event, epoch: 2, time: "t")
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["event"] as? String == "worker-lost")
        #expect(object["worker"] as? String == "000000ab")
        #expect(object["coordinator_epoch"] as? Int == 2)
    }
}

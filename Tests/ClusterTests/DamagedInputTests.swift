import ClusterRuntime
import Foundation
import Groundwork
import Synchronization
import TestSupport
import Testing

@testable import ClusterProtocol

/// A file of an earlier stage that is not as it was written any more, with real processes.
@Suite(.serialized)
struct DamagedInputTests {
    private static let numbers = (0..<5).map { "number \($0)" }

    /// Damages the file of the first stage's shard 1 whenever the stage is finished, at most `times` times.
    private func damaging(_ run: String, times: Int) -> @Sendable ([FinishedStage]) -> Void {
        let left = Count(times)
        return { finished in
            guard finished.count == 1, left.take() else { return }
            let path = "\(run)/\(finished[0].shards[1].outputs[0].path)"
            guard let file = FileHandle(forUpdatingAtPath: path) else { return }
            file.write(Data("X".utf8))
            try? file.close()
        }
    }

    /// How often something may still happen.
    private final class Count: Sendable {
        private let left: Mutex<Int>

        init(_ count: Int) { left = Mutex(count) }

        func take() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    @Test func onlyTheDamagedShardIsComputedAgain() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [
            shardStage("a1", Self.numbers), shardStage("b1", (0..<5).map { "read {0.\($0)}" }),
        ])
        // Before anything was damaged a shard may have been handed on unbegun and be a second attempt already.
        let before = Mutex<[String]>([])
        let damage = damaging(folder.path, times: 1)
        job.whenAsked = { finished in
            if finished.count == 1 {
                before.withLock { if $0.isEmpty { $0 = finished[0].shards.map { $0.outputs[0].path } } }
            }
            damage(finished)
        }
        let outcome = try job.run(in: folder.path)
        let paths = outcome.stages[0].shards.map { $0.outputs[0].path }
        let first = before.withLock { $0 }
        #expect(first.count == 5 && paths.count == 5)
        #expect(paths.indices.filter { paths[$0] != first[$0] } == [1])
        #expect(paths[1].contains("s1.e1.a"))
        for (index, shard) in outcome.stages[0].shards.enumerated() {
            #expect(try text(of: shard, in: folder.path) == "shard s\(index): number \(index)")
        }
        for (index, shard) in outcome.stages[1].shards.enumerated() {
            #expect(try text(of: shard, in: folder.path) == "shard s\(index): read \(paths[index])")
        }
        let log = try String(contentsOfFile: folder.file("log.jsonl"), encoding: .utf8)
        let told = log.split(separator: "\n").filter { $0.contains("\"event\":\"input-damaged\"") }
        #expect(told.count == 1)
        #expect(
            told.first?.contains("\"stage\":\"stage-a1\",\"shard\":\"s1\",\"code\":\"test.bad-input\"")
                == true)
        let status = try RunStatus.load(runDirectory: folder.path).snapshot
        #expect(status.stages.map(\.name) == ["stage-a1", "stage-b1"])
        #expect(status.firstFault.contains("input-damaged"))
        // A later coordinator reads the same from the journal, and computes nothing.
        job.stages.append(shardStage("c1", ["number 1"]))
        job.digest = String(repeating: "cd", count: 32)
        job.whenAsked = nil
        let second = try job.run(in: folder.path)
        #expect(second.stages[0].cached && second.stages[0].shards == outcome.stages[0].shards)
        #expect(second.stages[1].cached)
    }

    @Test func aTrainingGoesOnWithTheFileMadeAgain() throws {
        let folder = try TemporaryFolder("cluster")
        let toy = "steps 12\nsize 1000"
        var job = ScriptedJob(stages: [
            shardStage("a2", Self.numbers), trainingStage("b2", "\(toy)\nread {0.0}\nread {0.1}", ranks: 4),
        ])
        job.whenAsked = damaging(folder.path, times: 1)
        let outcome = try job.run(in: folder.path)
        #expect(outcome.stages[1].shards[0].result == (try trainAlone(toy, ranks: 4)))
        #expect(outcome.stages[0].shards[1].outputs[0].path.hasSuffix("s1.e1.a2.text"))
    }

    @Test(arguments: [false, true]) func aFileThatIsDamagedAgainEndsTheJobByName(isTraining: Bool) throws {
        let folder = try TemporaryFolder("cluster")
        let next =
            isTraining
            ? trainingStage("b3", "steps 5\nread {0.1}", ranks: 2)
            : shardStage("b3", (0..<5).map { "read {0.\($0)}" })
        var job = ScriptedJob(stages: [shardStage("a3", Self.numbers), next])
        job.whenAsked = damaging(folder.path, times: 2)
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "test.bad-input")
        #expect(error.exitStatus == .io)
        #expect(error.message.contains("stage/a3/s1.e1.a2.text"), "\(error.message)")
        // The same command makes it once more.
        job.whenAsked = nil
        let outcome = try job.run(in: folder.path)
        #expect(outcome.stages[0].shards[1].outputs[0].path.hasSuffix("s1.e2.a1.text"))
    }

    @Test func aWithdrawnCommitDoesNotCountOnReplay() throws {
        let folder = try TemporaryFolder("cluster")
        let directory = RunDirectory(path: folder.path, disk: SystemDisk(), rules: .all)
        let ledger = try RunLedger(directory, build: "test")
        let journal = try JournalSegment(path: ledger.journalPath, disk: SystemDisk())
        let first = commit(attempt: 1)
        var withdrawn = WireJournalRecord()
        withdrawn.shardWithdrawn.stage = "aa"
        withdrawn.shardWithdrawn.shard = 3
        withdrawn.shardWithdrawn.path = "stage/aa/s3.e1.a1.text"
        try journal.write([ledger.startRecord(job: "j", build: "test"), record(first), withdrawn])
        #expect(try RunHistory(directory).commits["aa"]?[3] == nil)
        let second = commit(attempt: 2)
        try journal.write([record(second)])
        #expect(try RunHistory(directory).commits["aa"]?[3] == second)
    }

    /// The files of a stage of so many shards.
    private func stage(of count: Int, in folder: TemporaryFolder) throws -> StageFiles {
        let directory = RunDirectory(path: folder.path, disk: SystemDisk(), rules: .all)
        try directory.createFolder("stage/aa")
        let shards = (0..<count).map { ShardSpec(name: "s\($0)", payload: Data()) }
        return StageFiles(directory: directory, spec: StageSpec(id: "aa", name: "n", kind: .shards(shards)))
    }

    /// Journals may be lost after a stage was published: what its manifest names would else be known to nobody.
    @Test func whatATakenBackManifestNamesIsInTheJournal() throws {
        let folder = try TemporaryFolder("cluster")
        let files = try stage(of: 3, in: folder)
        let directory = files.directory
        let made = try (0..<3).map { index in
            try WireShardCommit.with {
                $0.outputs = [.with { $0.path = "stage/aa/s\(index).e1.a1.text" }]
                try Data().write(to: URL(fileURLWithPath: directory.file($0.outputs[0].path)))
            }
        }
        _ = try files.publish(made, build: "test", epoch: 1)
        let ledger = try RunLedger(directory, build: "test")
        let journal = try JournalSegment(path: ledger.journalPath, disk: SystemDisk())
        let place = try #require(try files.place(of: "stage/aa/s1.e1.a1.text"))
        let manifest = directory.file("stage/aa/MANIFEST.pb")
        let remains = try ledger.takeBack(place, of: files) { records in
            #expect(access(manifest, F_OK) == 0)
            try journal.write([ledger.startRecord(job: "j", build: "test")] + records)
        }
        #expect(access(manifest, F_OK) != 0)
        #expect(remains.commits.keys.sorted() == [0, 2])
        let earlier = try RunLedger(directory, build: "test").earlierCommits(files)
        #expect(earlier == remains.commits)
    }

    /// Whoever cannot write it down leaves the stage as it is.
    @Test func aManifestStaysWhileItsCommitsAreNotOnRecord() throws {
        let folder = try TemporaryFolder("cluster")
        let files = try stage(of: 1, in: folder)
        let directory = files.directory
        let ledger = try RunLedger(directory, build: "test")
        _ = try files.publish([commit(attempt: 1)], build: "test", epoch: 1)
        let place = try #require(try files.place(of: "stage/aa/s3.e1.a1.text"))
        #expect(throws: FileError.self) {
            try ledger.takeBack(place, of: files) { _ in
                throw FileError("flush", path: "journal", errorNumber: EIO, writing: true)
            }
        }
        _ = try RunLedger(directory, build: "test")
        let error = try #require(throws: ClusterError.self) {
            try ledger.takeBack(place, of: files) { _ in }
        }
        #expect(error.code == "cluster.superseded")
        #expect(try files.place(of: place.path) == place)
    }

    /// Of two coordinators side by side the earlier one may have published: its files count, whatever the later one's journal
    /// says; and it must not publish again behind the back of the one that took the manifest back.
    @Test func aTakenBackManifestCountsMoreThanTheJournal() throws {
        let folder = try TemporaryFolder("cluster")
        let files = try stage(of: 2, in: folder)
        let directory = files.directory
        func commits(epoch: Int, attempt: Int = 1) throws -> [WireShardCommit] {
            try (0..<2).map { index in
                try WireShardCommit.with {
                    $0.attempt.stage = "aa"
                    $0.attempt.shard = UInt32(index)
                    $0.outputs = [.with { $0.path = "stage/aa/s\(index).e\(epoch).a\(attempt).text" }]
                    try Data().write(to: URL(fileURLWithPath: directory.file($0.outputs[0].path)))
                }
            }
        }
        let first = try RunLedger(directory, build: "test")
        let earlier = try JournalSegment(path: first.journalPath, disk: SystemDisk())
        try earlier.write([first.startRecord(job: "j", build: "test")])
        let second = try RunLedger(directory, build: "test")
        let journal = try JournalSegment(path: second.journalPath, disk: SystemDisk())
        let (ours, theirs) = (try commits(epoch: 2), try commits(epoch: 1))
        try journal.write([second.startRecord(job: "j", build: "test"), second.openRecord(files)])
        try journal.write(ours.map(record))
        try earlier.write(theirs.map(record))
        _ = try files.publish(theirs, build: "test", epoch: first.epoch)
        let adopted = try files.publish(ours, build: "test", epoch: second.epoch)
        #expect(adopted.shards[0].outputs[0].path == "stage/aa/s0.e1.a1.text")
        let place = try #require(try files.place(of: "stage/aa/s1.e1.a1.text"))
        _ = try second.takeBack(place, of: files, write: { try journal.write($0) })
        let known = try RunLedger(directory, build: "test").earlierCommits(files)
        #expect(known.mapValues { $0.outputs[0].path } == [0: "stage/aa/s0.e1.a1.text"])
        // What the earlier one commits afterwards is as good as any.
        try earlier.write([record(commits(epoch: 1, attempt: 2)[1])])
        let later = try RunLedger(directory, build: "test").earlierCommits(files)
        #expect(later[1]?.outputs[0].path == "stage/aa/s1.e1.a2.text")
        let error = try #require(throws: ClusterError.self) {
            try files.publish(theirs, build: "test", epoch: first.epoch)
        }
        #expect(error.code == "cluster.superseded")
    }

    private func commit(attempt: UInt32) -> WireShardCommit {
        .with {
            $0.attempt.stage = "aa"
            $0.attempt.shard = 3
            $0.attempt.epoch = 1
            $0.attempt.attempt = attempt
            $0.outputs = [.with { $0.path = "stage/aa/s3.e1.a\(attempt).text" }]
        }
    }

    private func record(_ commit: WireShardCommit) -> WireJournalRecord {
        .with { $0.shardCommitted.commit = commit }
    }

    @Test func lateResultsOfAStageThatWasOpenedAgainAreNotTaken() {
        let items = (0..<2).map { ShardTable.Item(name: "s\($0)", payload: Data()) }
        var first = ShardTable(stage: "aa", stageName: "n", items: items, epoch: 2)
        let old = first.grant(to: 1, now: 0, deadline: 10)
        var table = ShardTable(stage: "aa", stageName: "n", items: items, epoch: 2, isAgain: true)
        table.continueAttempts(after: first.attempts)
        let new = table.grant(to: 1, now: 0, deadline: 10)
        #expect(old?.attempt == 1 && new?.attempt == 2 && old?.shard == new?.shard)
        #expect(old.map { table.report($0, from: 1) } == .duplicate)
        #expect(old.map { table.adopt($0, by: 1, now: 0, deadline: 10) } == false)
        #expect(new.map { table.report($0, from: 1) } == .check)
    }
}

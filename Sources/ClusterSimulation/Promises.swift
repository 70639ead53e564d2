import ClusterProtocol
import ClusterRuntime
import Digests
import Foundation
import SwiftProtobuf

/// What must hold after every event.
package enum Invariant: String, Sendable, CaseIterable {
    case shards = "no shard is lost or doubled"
    case paths = "the path of a committed shard never changes"
    case durable = "what is acknowledged is durable"
    case overwritten = "nothing is overwritten, nothing needed is deleted"
    case manifest = "a manifest never changes and names only whole files"
    case steps = "no step is applied twice"
    case states = "members at a position hold equal states"
    case generations = "frames of other generations are never summed"
    case lowerEpoch = "a lower epoch is never followed"
    case bounded = "queues are bounded"
    case liveness = "the job ends when faults end"
    case members = "a training has its least and most members"
    case drain = "towards an orderly end nothing is begun, and it comes"
    case kept = "an orderly end loses no step"
    case recovered = "a lost journal is rebuilt from what is on disk"
    case result = "the result is that of the undisturbed run"
}

/// What was seen so far that must go on to hold.
struct Promises {
    typealias Violation = World.Violation

    /// A commit that was seen to be durable.
    private struct Commit {
        let epoch: UInt64
        let commit: WireShardCommit
    }

    /// A shard, by its stage and place.
    private struct Shard: Hashable {
        let stage: String
        let index: Int
    }

    /// The state at every position of an undisturbed run.
    let states: [UInt64]
    private let shards: Int
    private let hasStateRot: Bool
    private let mayCrash: Bool
    private var commits: [Shard: Commit] = [:]
    /// What coordinators read in the journals of those before them, by their epochs.
    private var beliefs: [UInt64: [Shard: WireShardCommit]] = [:]
    /// The inputs with which each epoch opened a stage.
    private var openings: [String: [UInt64: String]] = [:]
    private var failed: Set<WireAttemptID> = []
    private var manifests: [String: Data] = [:]
    /// Bytes and records of journals that were seen to be durable.
    private var journals: [String: (bytes: Int, records: Int)] = [:]
    private var seenVersion = -1
    /// The position of the last checkpoint that was asked for and told to be on disk, by the training's folder.
    var kept: [String: UInt64] = [:]
    /// What lost journals held.
    private var lost: [Shard: Commit] = [:]
    /// Files whose content changed behind everybody's back, and those of them that no longer count.
    var damaged: Set<String> = []
    private var withdrawn: Set<String> = []
    private var withdrawnShards: Set<Shard> = []
    /// Withdrawn paths, also those of a coordinator that another one had followed already.
    private var retracted: Set<String> = []
    /// The latest coordinator that has read the journals.
    private var newestEpoch: UInt64 = 0

    init(_ scenario: Scenario) {
        shards = scenario.shards
        hasStateRot = scenario.stateRot > 0
        mayCrash = scenario.hasManyKills
        var states: [UInt64] = [1]
        for _ in 0..<scenario.steps {
            let state = states[states.count - 1]
            states.append(
                SimulatedMember.next(
                    state, (0..<scenario.virtualRanks).map { SimulatedMember.leaf($0, state) }))
        }
        self.states = states
    }

    /// What a shard comes to.
    static func content(ofShard index: Int) -> Data { Data(repeating: UInt8(index), count: 10 + 3 * index) }

    private func content(_ stage: String, _ index: Int) -> Data {
        guard stage != "aa" else { return Self.content(ofShard: index) }
        var member = SimulatedMember(training: stage)
        member.position = UInt64(states.count - 1)
        member.state = states[states.count - 1]
        return member.bytes
    }

    /// An attempt that failed may be acknowledged without a commit.
    mutating func noteFailed(_ attempt: WireAttemptID) { failed.insert(attempt) }

    /// Whether the job may fail like this.
    func allows(_ failure: WireFailure) -> Bool {
        switch failure.code {
        case "cluster.state-diverged": hasStateRot
        // Three killed over one shard, and none over others, are too many.
        case "cluster.shard-crashes": mayCrash
        default: false
        }
    }

    // MARK: Commits

    /// A coordinator that begins must know every durable commit by its path.
    mutating func checkReplay(_ ledger: RunLedger, _ disk: SimulatedDisk) throws {
        try checkJournals(disk)
        newestEpoch = ledger.epoch
        var belief: [Shard: WireShardCommit] = [:]
        for (stage, commits) in ledger.history.commits {
            for (index, commit) in commits {
                belief[Shard(stage: stage, index: index)] = commit
                if let path = commit.outputs.first?.path, withdrawn.contains("/run/\(path)") {
                    throw Violation(
                        invariant: .manifest,
                        details: "epoch \(ledger.epoch) believes in \(path), which was withdrawn")
                }
            }
        }
        beliefs[ledger.epoch] = belief
        for (shard, known) in sortedCommits {
            let replayed = ledger.history.commits[shard.stage]?[shard.index]
            guard replayed?.outputs == known.commit.outputs else {
                throw Violation(
                    invariant: .paths,
                    details: "epoch \(ledger.epoch) replays shard \(shard.index) of \(shard.stage) as "
                        + "\(replayed?.outputs.first?.path ?? "nothing"), epoch \(known.epoch) committed "
                        + "\(known.commit.outputs.first?.path ?? "")")
            }
        }
    }

    /// Takes note of the records of a journal that have become durable.
    mutating func checkJournals(_ disk: SimulatedDisk) throws {
        for (epoch, path) in disk.journals {
            var seen = journals[path] ?? (0, 0)
            let data = disk.durableContent(of: path)
            guard data.count > seen.bytes else { continue }
            let new = JournalFile.decode(Data(data.dropFirst(seen.bytes)), firstSeq: seen.records)
            seen = (seen.bytes + new.validBytes, seen.records + new.records.count)
            journals[path] = seen
            for body in new.records.map(\.body) {
                switch body {
                case .epochStart: goOn(epoch)
                case .stageOpen(let open): note(open, epoch: epoch)
                case .shardCommitted(let record): try note(record.commit, epoch: epoch)
                case .shardWithdrawn(let record): withdraw(record, epoch: epoch)
                default: break
                }
            }
        }
    }

    /// A coordinator has begun: what it read is what counts from now on, not what an earlier one writes behind its back.
    private mutating func goOn(_ epoch: UInt64) {
        for (shard, commit) in beliefs.removeValue(forKey: epoch) ?? [:]
        where epoch > commits[shard]?.epoch ?? 0 {
            commits[shard] = Commit(epoch: epoch, commit: commit)
        }
    }

    /// The commits of a stage count no more, unless a later coordinator has gone on with them; those that are left follow.
    private mutating func withdraw(_ record: WireShardWithdrawn, epoch: UInt64) {
        let shard = Shard(stage: record.stage, index: Int(record.shard))
        retracted.insert(record.path)
        guard epoch >= newestEpoch else { return }
        withdrawn.insert("/run/\(record.path)")
        withdrawnShards.insert(shard)
        commits = commits.filter { $0.key.stage != record.stage }
    }

    /// What was committed on other inputs belongs to something else.
    private mutating func note(_ open: WireStageOpen, epoch: UInt64) {
        openings[open.stage, default: [:]][epoch] = open.inputs
        guard !isOnOtherInputs(open.stage, epoch) else { return }
        commits = commits.filter {
            $0.key.stage != open.stage || !isOnOtherInputs(open.stage, $0.value.epoch)
        }
    }

    /// Whether an epoch opened a stage with other inputs than the latest one that did.
    private func isOnOtherInputs(_ stage: String, _ epoch: UInt64) -> Bool {
        guard let known = openings[stage], let own = known[epoch], let latest = known.keys.max() else {
            return false
        }
        return own != known[latest]
    }

    private mutating func note(_ commit: WireShardCommit, epoch: UInt64) throws {
        guard !isOnOtherInputs(commit.attempt.stage, epoch) else { return }
        let shard = Shard(stage: commit.attempt.stage, index: Int(commit.attempt.shard))
        guard let known = commits[shard] else {
            commits[shard] = Commit(epoch: epoch, commit: commit)
            return
        }
        let isRetracted = known.commit.outputs.contains { retracted.contains($0.path) }
        if known.epoch == epoch, known.commit.outputs != commit.outputs, !isRetracted {
            throw Violation(
                invariant: .paths,
                details: "shard \(shard.index) of \(shard.stage) was committed twice: "
                    + "\(known.commit.outputs.first?.path ?? ""), \(commit.outputs.first?.path ?? "")")
        }
        // Of two coordinators side by side the later one counts.
        if epoch > known.epoch { commits[shard] = Commit(epoch: epoch, commit: commit) }
    }

    /// An acknowledgement lets a worker forget its result.
    func checkAcknowledged(_ attempt: WireAttemptID) throws {
        let shard = Shard(stage: attempt.stage, index: Int(attempt.shard))
        if withdrawnShards.contains(shard) || commits[shard] != nil || failed.contains(attempt)
            || manifests[attempt.stage] != nil
        {
            return
        }
        throw Violation(
            invariant: .durable, details: "shard \(attempt.shard) was acknowledged, but no commit is durable")
    }

    // MARK: Lost journals

    /// What journals held counts no more.
    mutating func loseJournals() {
        lost = commits
        (commits, beliefs, journals, openings) = ([:], [:], [:], [:])
    }

    /// A rebuilt journal knows every shard whose result and files are there, unless the stage has its manifest.
    func checkRecovered(_ history: RunHistory, _ disk: SimulatedDisk) throws {
        guard disk.nodes["/run/stage/aa/MANIFEST.pb"] == nil else { return }
        for (shard, known) in lost where shard.stage == "aa" {
            let path = "/run/\(known.commit.outputs.first?.path ?? "")"
            let seal = disk.nodes["\(path.dropLast(".out".count)).commit.pb"]
            guard let data = seal?.data, let sealed = try? WireSealedCommit(serializedBytes: data),
                !sealed.commit.isEmpty, SHA256.hex(of: sealed.commit) == sealed.sha256,
                disk.nodes[path]?.data == content(shard.stage, shard.index)
            else { continue }
            guard history.commits[shard.stage]?[shard.index] != nil else {
                throw Violation(
                    invariant: .recovered,
                    details: "shard \(shard.index) was not found again, \(path) is there")
            }
        }
    }

    func checkComplete(_ made: [WireShardCommit], stage: Int) throws {
        guard made.count == (stage == 0 ? shards : 1) else {
            throw Violation(invariant: .shards, details: "stage \(stage) ended with \(made.count) commits")
        }
    }

    private var sortedCommits: [(key: Shard, value: Commit)] {
        commits.sorted { ($0.key.stage, $0.key.index) < ($1.key.stage, $1.key.index) }
    }

    // MARK: Files

    /// Looks at the disk if something has changed on it.
    mutating func check(_ disk: SimulatedDisk) throws {
        if let violation = disk.violation { throw Violation(invariant: .overwritten, details: violation) }
        guard disk.version != seenVersion else { return }
        seenVersion = disk.version
        try checkJournals(disk)
        for stage in ["aa", "bb"] { try checkManifest(stage, disk) }
        for path in disk.removed where manifests.values.contains(where: { names($0, path) }) {
            throw Violation(
                invariant: .overwritten, details: "\(path) was deleted though the manifest names it")
        }
        disk.removed = []
        for (shard, known) in sortedCommits where manifests[shard.stage] == nil {
            try check(known.commit.outputs, shard.stage, shard.index, disk)
        }
    }

    private func names(_ manifest: Data, _ path: String) -> Bool {
        let manifest = try? WireManifest(serializedBytes: manifest)
        return manifest?.shards.contains { $0.outputs.contains { path == "/run/\($0.path)" } } ?? false
    }

    private mutating func checkManifest(_ stage: String, _ disk: SimulatedDisk) throws {
        let path = "/run/stage/\(stage)/MANIFEST.pb"
        let known = manifests[stage]
        guard let data = disk.nodes[path]?.data, known != nil || disk.isDurable(path) else {
            if let known, !damaged.contains(where: { names(known, $0) }) {
                throw Violation(invariant: .manifest, details: "\(path) is gone")
            }
            manifests[stage] = nil
            if let known { try checkRemains(of: known, stage) }
            return
        }
        if let known, known != data, !damaged.contains(where: { names(known, $0) }) {
            throw Violation(invariant: .manifest, details: "\(path) changed")
        }
        manifests[stage] = data
        guard let manifest = try? WireManifest(serializedBytes: data),
            manifest.shards.count == (stage == "aa" ? shards : 1)
        else { throw Violation(invariant: .shards, details: "\(path) does not name every shard") }
        for (index, shard) in manifest.shards.enumerated() { try check(shard.outputs, stage, index, disk) }
    }

    /// What a manifest named that was taken back is on record, but for what rotted.
    private func checkRemains(of data: Data, _ stage: String) throws {
        guard let manifest = try? WireManifest(serializedBytes: data) else { return }
        for (index, shard) in manifest.shards.enumerated()
        where !shard.outputs.contains(where: { damaged.contains("/run/\($0.path)") })
            && commits[Shard(stage: stage, index: index)]?.commit.outputs != shard.outputs
        {
            throw Violation(
                invariant: .durable,
                details: "shard \(index) was named by a manifest that is gone, and no commit is durable")
        }
    }

    private func check(
        _ outputs: [WireOutputFile], _ stage: String, _ index: Int, _ disk: SimulatedDisk
    ) throws {
        for output in outputs {
            let path = "/run/\(output.path)"
            // Whoever finds out that it rotted removes it, and makes it again.
            guard !damaged.contains(path) else { continue }
            guard disk.isDurable(path) else {
                throw Violation(invariant: .durable, details: "\(path) is committed, but not durable")
            }
            guard disk.nodes[path]?.data == content(stage, index) else {
                throw Violation(invariant: .manifest, details: "\(path) is committed, but not whole")
            }
        }
    }

    /// Both stages are published with what an undisturbed run publishes.
    func checkResult() throws {
        guard manifests.count == 2 else {
            throw Violation(invariant: .result, details: "the job ended with \(manifests.count) manifests")
        }
    }
}

extension World {
    func checkPromises() throws {
        try promises.check(disk)
        for process in coordinators.values {
            for instance in process.machine.workers.instances
            where process.machine.shards?.heldCount(by: instance) ?? 0 > 2
                * CoordinatorMachine.grantsPerWorker
            {
                throw Violation(invariant: .bounded, details: "a worker holds more grants than the bound")
            }
        }
        for worker in workers.values {
            if worker.machine.held.count > 2 * scenario.shards + 2 {
                throw Violation(
                    invariant: .bounded, details: "a worker keeps \(worker.machine.held.count) shards")
            }
            guard let member = worker.member, !member.isRotten || member.running != nil else { continue }
            if member.state != promises.states[Int(member.position)] {
                throw Violation(
                    invariant: .states, details: "a member holds another state at step \(member.position)")
            }
        }
    }

    func checkEnd() throws { if end == .finished { try promises.checkResult() } }
}

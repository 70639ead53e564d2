import CAllocator
import ClusterRuntime
import Foundation
import Groundwork
import Stages
import Training

/// Connects the cluster's work to the pipeline's stages.
final class Executor: WorkExecutor {
    private let runner = StageRunner()

    func run(_ work: ShardWork, progress: ProgressCounter) throws -> ShardResult {
        // Shards differ: what one used goes back to the system.
        callocator_map_blocks_from(32 << 20)
        let product = try naming(work.payload, work.runDirectory, progress) {
            try runner.run(
                stage: work.stageID, payload: work.payload, folder: Folder(work: work),
                progress: Progress(counter: progress))
        }
        InjectedFault.current?.strike(stage: work.stageName)
        return ShardResult(
            outputs: product.outputs.map { .init(name: $0.name, rows: $0.rows) }, result: product.result)
    }

    func trainingMember(payload: Data, work: TrainingWork) throws -> any TrainingMember {
        // Steps are alike: their memory is kept from one to the next.
        callocator_map_blocks_from(32 << 20)
        let setup = try naming(payload, work.runDirectory, ProgressCounter()) {
            try TrainingSetup(
                payload: payload, runDirectory: work.runDirectory,
                folder: "\(work.runDirectory)/\(work.folder)")
        }
        return Member(setup: setup, payload: payload, work: work)
    }
}

/// Runs `body`; where it fails because a file of an earlier stage is not as it was written, names that file.
private func naming<Value>(
    _ payload: Data, _ runDirectory: String, _ progress: ProgressCounter, _ body: () throws -> Value
) throws -> Value {
    do { return try body() } catch let error where !(error is CollectiveInterrupted || error is StatesDiffer)
    {
        guard !DiskSpace.isExhausted(error), let inputs = try? ShardPayload.decode(payload),
            let damaged = inputs.damagedInput(runDirectory: runDirectory, beat: progress.beat)
        else { throw error }
        throw DamagedInput(path: damaged.path, cause: error)
    }
}

/// A shard's folder as the stages see it.
private struct Folder: ShardFolder {
    let work: ShardWork

    var runDirectory: String { work.runDirectory }
    func temporaryPath(for name: String) -> String { work.temporaryPath(for: name) }
}

/// A shard's progress as the stages tell it.
private struct Progress: StageProgress {
    let counter: ProgressCounter

    func setTotal(_ total: Int) { counter.setTotal(total) }
    func advance(by units: Int, bytes: Int) { counter.advance(by: units, bytes: bytes) }
}

/// A worker's part in a training.
final class Member: TrainingMember {
    private let setup: TrainingSetup
    private let payload: Data
    private let runDirectory: String
    private let folder: String

    init(setup: TrainingSetup, payload: Data, work: TrainingWork) {
        self.setup = setup
        self.payload = payload
        runDirectory = work.runDirectory
        folder = work.folder
        let request = work.checkpointRequest
        setup.trainer.checkpoints?.isRequested = { request.isPending }
        setup.trainer.checkpoints?.whenRequestedIsWritten = { position in
            if request.take() { request.fulfil(position: position) }
        }
    }

    var position: UInt64 { setup.trainer.position }
    var damagedCheckpoints: Int { setup.damagedCheckpoints }
    func stateDigest() -> Data { Data(setup.trainer.stateDigest().utf8) }
    func state() throws -> Data { setup.trainer.state() }
    func restore(_ state: Data) throws { try setup.trainer.restore(state) }
    func writeCheckpoint() throws { try setup.trainer.writeCheckpoint() }

    func run(with collective: any Collective, progress: ProgressCounter) throws -> TrainingResult {
        let trainer = setup.trainer
        progress.setTotal(Int(trainer.totalPhases))
        progress.setDone(Int(trainer.position))
        trainer.checkpoints?.whenDiskIsFull = { progress.setDiskFull($0) }
        try naming(payload, runDirectory, progress) {
            try trainer.run(with: Exchange(collective), folder: setup.folder) {
                progress.setDone(Int(trainer.position))
                InjectedFault.current?.strike(stage: "train", phase: Int(trainer.position))
            }
        }
        // Samples are looked at once and read for hours: what became of damaged ones shall not count. Member 0's result does.
        if collective.memberIndex == 0,
            let damaged = try ShardPayload.decode(payload).damagedInput(
                runDirectory: runDirectory, beat: progress.beat)
        {
            throw DamagedInput(path: damaged.path)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let names = ["best.h5", "last.h5", "history.csv"].filter {
            FileManager.default.fileExists(atPath: "\(setup.folder)/\($0)")
        }
        return TrainingResult(
            files: names.map { "\(folder)/\($0)" }, result: try encoder.encode(trainer.history))
    }
}

/// The cluster's collective as the trainer sees it.
private struct Exchange: GradientExchange {
    private let collective: any Collective

    init(_ collective: any Collective) { self.collective = collective }

    var memberIndex: Int { collective.memberIndex }
    var memberCount: Int { collective.memberCount }
    var virtualRanks: Range<Int> { collective.virtualRanks }

    func release(
        _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>
    ) throws {
        try collective.release(leaves, from: offset, into: root)
    }

    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> ReducedSum {
        try collective.allReduce(leaves: leaves, scalars: scalars, scalarCount: scalarCount, into: root)
    }

    func agree(on digest: [UInt8], position: UInt64) throws {
        try collective.agree(on: Data(digest), position: position)
    }

    func allGather(_ mine: [UInt8]) throws -> [[UInt8]] {
        try collective.allGather(Data(mine)).map { Array($0) }
    }
}

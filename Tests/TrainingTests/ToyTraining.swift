import Batching
import ClinicalData
import Foundation
import Groundwork
import Models
import Storage
import TestSupport
import Training

/// A small training: samples with codes, numbers and a label that depends on both, in one file.
struct ToyTraining {
    let folder: TemporaryFolder
    let samples: SampleSet
    let schema = ModelSchema(
        features: [.init("codes", .codes(vocabulary: 12)), .init("vitals", .dense(width: 2))],
        label: "label", mode: .binary, outputSize: 1)
    var configuration = TrainerConfiguration()
    var model = "{name: MLP, embedding_dim: 4, hidden_dim: 4}"

    static let count = 40
    static let seed: UInt64 = 11

    /// `parts` tells the part of the split of a sample; `vitals` changes the numbers of all samples.
    init(
        parts: (Int) -> SplitPart = { $0 % 4 == 3 ? .val : .train },
        vitals change: (inout [Float]) -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder("training")
        var stream = RandomStream(seed: Self.seed, purpose: .test)
        var codes: [Int32] = []
        var ends: [Int64] = [0]
        var labels: [Float] = []
        var vitals: [Float] = []
        for _ in 0..<Self.count {
            let own = (0..<(1 + stream.nextInt(below: 5))).map { _ in Int32(2 + stream.nextInt(below: 10)) }
            codes += own
            ends.append(Int64(codes.count))
            vitals += [stream.nextFloat(), stream.nextFloat()]
            labels.append(own.contains(2) || vitals[vitals.count - 1] > 0.7 ? 1 : 0)
        }
        change(&vitals)
        let path = folder.file("samples.h5")
        let ids = (0..<Self.count).map { "p\($0)" }
        func column(
            _ name: String, _ processor: String, _ offsets: [[Int64]], _ shape: [Int],
            _ values: EncodedColumn.Values
        ) -> EncodedColumn {
            EncodedColumn(
                name: name, processor: processor, offsets: offsets, shape: shape, values: values,
                sampleCount: Self.count)
        }
        try SampleFile.write(
            columns: [
                column("codes", "sequence", [ends], [], .int32(codes)),
                column("vitals", "tensor", [], [2], .float32(vitals)),
                column("label", "binary", [], [1], .float32(labels)),
            ], patientIDs: ids, visitIDs: ids, split: (0..<Self.count).map { parts($0).rawValue }, to: path)
        samples = try SampleSet(paths: [path])
        configuration.epochs = 3
        configuration.batchSize = 8
        configuration.virtualRanks = 4
        configuration.optimizer.learningRate = 0.01
    }

    /// The trained samples, in order.
    var trained: [Int] { samples.split.indices.filter { samples.split[$0] == SplitPart.train.rawValue } }

    /// A trainer at the start, always the same one.
    func trainer(digest: String = "job") throws -> Trainer {
        let model = try ModelCatalog.make(
            ConfigurationNode.parse(model, file: "job.yaml"), schema: schema, seed: Self.seed)
        return try Trainer(
            job: TrainingJob(configuration: configuration, seed: Self.seed, digest: digest), model: model,
            samples: samples)
    }

    /// Where one training puts its files.
    func output(_ name: String) throws -> String {
        let path = folder.file(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

/// The exchange of a training alone: the fixed tree over all virtual ranks, and a failure where a test wants one.
final class LonelyExchange: GradientExchange {
    /// The exchange was told to fail.
    struct Interruption: Error {}

    let memberIndex = 0
    let memberCount = 1
    let virtualRanks: Range<Int>
    private var callsLeft: Int?

    /// Fails at the call after `calls` ones.
    init(ranks: Int, failsAfter calls: Int? = nil) {
        virtualRanks = 0..<ranks
        callsLeft = calls
    }

    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> ReducedSum {
        try count()
        var level = zip(leaves, scalars).map { leaf, numbers in leaf.map { (Array($0.values), numbers) } }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { index in
                guard let left = level[index] else { return level[index + 1] }
                guard let right = level[index + 1] else { return left }
                return (zip(left.0, right.0).map { $0 + $1 }, zip(left.1, right.1).map { $0 + $1 })
            }
        }
        guard let sum = level[0] else { return ReducedSum(scalars: [], touched: []) }
        for (place, value) in sum.0.enumerated() { root[place] = value }
        return ReducedSum(
            scalars: sum.1, touched: TouchedFloats.union(leaves.compactMap { $0 }.flatMap(\.touched)))
    }

    func allGather(_ mine: [UInt8]) throws -> [[UInt8]] {
        try count()
        return [mine]
    }

    private func count() throws {
        if let left = callsLeft {
            guard left > 0 else { throw Interruption() }
            callsLeft = left - 1
        }
    }
}

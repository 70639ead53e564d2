import Batching
import Layers
import Tensors
import Testing

@testable import Models
@testable import Training

/// A model whose logits become infinite in one of its forward passes.
private final class PlantedModel: Model {
    private let inner: any Model
    private let call: Int
    private var calls = 0
    var parameters: ParameterArena { inner.parameters }
    var schema: ModelSchema { inner.schema }

    init(_ inner: any Model, call: Int) {
        self.inner = inner
        self.call = call
    }

    func forward(_ batch: Batch, _ context: Context) throws -> ModelOutput {
        defer { calls += 1 }
        let output = try inner.forward(batch, context)
        guard calls == call, case .values(let targets, _) = batch.labels else { return output }
        let logit = context.scale(output.logit, .infinity)
        return ModelOutput(
            logit: logit, embed: output.embed, probabilities: output.probabilities,
            loss: context.binaryCrossEntropy(logits: logit, targets: targets))
    }
}

/// With `check_numerics` the first operation with NaN or an infinity is named; without it nothing is looked through.
@Suite struct NumericCheckTests {
    private func trainer(_ toy: ToyTraining) throws -> Trainer {
        // step 2, virtual rank 1 of four
        let model = PlantedModel(try toy.trainer().model, call: 9)
        return try Trainer(
            job: TrainingJob(configuration: toy.configuration, seed: ToyTraining.seed, digest: "job"),
            model: model, samples: toy.samples)
    }

    @Test func anInfinityNamesItsOperationStepAndVirtualRank() throws {
        var toy = try ToyTraining()
        toy.configuration.checkNumerics = true
        let trainer = try trainer(toy), folder = try toy.output("a")
        let error = #expect(throws: TrainingError.self) {
            try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {}
        }
        guard case .nonFiniteOperation(let fault)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(fault.operation == "scale" && !fault.isGradient && fault.shape == [2, 1])
        #expect(fault.randomness.step == 2 && fault.randomness.rank == 1 && fault.randomness.epoch == 0)
        #expect(error?.code == "training.non-finite-operation" && error?.exitStatus == .data)
        let message = error?.message ?? ""
        #expect(message.contains("\"scale\"") && message.contains("step 2, virtual rank 1"), "\(message)")
        #expect(trainer.position == 2)
    }

    @Test func withoutTheCheckOnlyTheParameterIsKnown() throws {
        let toy = try ToyTraining(), folder = try toy.output("a")
        let error = #expect(throws: TrainingError.self) {
            try trainer(toy).run(with: LonelyExchange(ranks: 4), folder: folder) {}
        }
        #expect(error?.code == "training.non-finite")
        #expect(error?.message.contains("trainer.check_numerics") == true)
    }

    @Test func theCheckDoesNotChangeABit() throws {
        var toy = try ToyTraining()
        var digests: [String] = []
        for checks in [false, true] {
            toy.configuration.checkNumerics = checks
            let trainer = try toy.trainer(), folder = try toy.output("checks-\(checks)")
            try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {}
            digests.append(trainer.stateDigest())
        }
        #expect(digests[0] == digests[1])
    }
}

import Batching
import Layers
package import Models
import Storage
import Tensors

/// Runs a model over samples without training it; a sample's result does not depend on its neighbours.
package struct Predictor {
    private let model: any Model
    private let batches: BatchSource
    private let pool = BufferPool()
    /// Samples per forward pass.
    private static let chunk = 64

    package init(model: any Model, batches: BatchSource) {
        self.model = model
        self.batches = batches
    }

    /// What a model says about some samples, row-major.
    package struct Results {
        package var probabilities: [Float] = []
        package var logits: [Float] = []
        package var truth: [Float] = []
        package var losses: [Float] = []
    }

    /// The results for samples (global numbers) in order; calls `afterChunk` with the number of samples done.
    package func predict(_ samples: [Int], afterChunk: (Int) -> Void = { _ in }) throws -> Results {
        var results = Results()
        let packedWeights = PackedWeights()
        for start in stride(from: 0, to: samples.count, by: Self.chunk) {
            let rows = Array(samples[start..<min(start + Self.chunk, samples.count)])
            let batch = try batches.batch(rows)
            let context = Context(
                mode: .evaluation, recordsGradients: false, pool: pool, packedWeights: packedWeights)
            let output = try model.forward(batch, context)
            results.probabilities += output.probabilities
            results.logits += output.logit.array
            results.losses += output.loss?.perSample ?? []
            switch batch.labels {
            case .values(let values, _): results.truth += values
            case .classes(let classes): results.truth += classes.map { Float($0) }
            case nil: break
            }
            afterChunk(rows.count)
        }
        return results
    }
}

package import Batching
import Groundwork
import Layers
import Tensors

/// Two GRUs over the visits in reverse order give attention to visits (alpha) and to dimensions (beta):
/// c = Σ αₜ βₜ xₜ, α = softmax over the sample's own steps of linear(g), β = tanh(linear(h)).
///
/// Source: Choi et al., RETAIN, NIPS 2016. The attention is applied to the step it belongs to and padding takes no part
/// (PyHealth applies it in reverse order and lets padding take part).
package enum RETAIN {
    /// Options with PyHealth's defaults.
    package struct Configuration: Sendable, Equatable {
        /// Width of the embeddings and of the GRUs. The default is 128.
        package var embeddingDim = 128
        /// Dropout on the input. The default is 0.5.
        package var dropout = 0.5

        package init() {}

        static let keys = ["embedding_dim", "dropout"]

        init(_ node: ConfigurationNode) throws {
            if let value = node.child("embedding_dim") { embeddingDim = try value.int(in: 1...65_536) }
            if let value = node.child("dropout") { dropout = try value.double(in: 0...0.999) }
        }
    }

    /// The model with fresh parameters; throws `ConfigurationError` for one that does not fit into memory.
    package static func make(
        _ configuration: Configuration, schema: ModelSchema, seed: UInt64, positiveWeight: [Float]? = nil
    ) throws -> FieldwiseModel {
        try FieldwiseModel(
            schema: schema, embeddingSize: configuration.embeddingDim, seed: seed,
            positiveWeight: positiveWeight
        ) { feature, builder in Encoder(configuration, builder["retain.\(feature.name)"]) }
    }

    private struct Encoder: FeatureEncoder {
        let width: Int
        private let dropout: Float
        private let alphaNet: Recurrent
        private let betaNet: Recurrent
        private let alphaLinear: Linear
        private let betaLinear: Linear

        init(_ configuration: Configuration, _ parameters: ParameterBuilder) {
            width = configuration.embeddingDim
            dropout = Float(configuration.dropout)
            let size = configuration.embeddingDim
            alphaNet = Recurrent(
                .gru, inputSize: size, hiddenSize: size, reversed: true, parameters: parameters["alpha_gru"])
            betaNet = Recurrent(
                .gru, inputSize: size, hiddenSize: size, reversed: true, parameters: parameters["beta_gru"])
            alphaLinear = Linear(size, 1, bias: true, parameters: parameters["alpha_li"])
            betaLinear = Linear(size, size, bias: true, parameters: parameters["beta_li"])
        }

        func encode(_ field: BatchField, _ embedding: FeatureEmbedding, _ context: Context) -> Tensor {
            let steps = embedding.steps(field, context)
            let x = context.dropout(steps.x, dropout)
            let alpha = context.segmentSoftmax(
                alphaLinear(alphaNet(x, steps.segments, context), context), steps.segments)
            let beta = context.activation(
                betaLinear(betaNet(x, steps.segments, context), context), .tanh)
            return context.weightedSegmentSum(context.multiply(beta, x), weights: alpha, steps.segments)
        }
    }
}

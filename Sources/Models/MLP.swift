package import Batching
import Groundwork
import Layers
package import Tensors

/// Multi-layer perceptron per field on the mean of a sample's embeddings: linear, then (activation, linear) × (layers − 1).
package enum MLP {
    /// Options with PyHealth's defaults.
    package struct Configuration: Sendable, Equatable {
        /// Width of the embeddings. The default is 128.
        package var embeddingDim = 128
        /// Width of the layers. The default is 128.
        package var hiddenDim = 128
        /// Linear layers per field. The default is 2.
        package var layers = 2
        /// relu, tanh, sigmoid, leaky_relu or elu. The default is relu.
        package var activation = Activation.relu

        package init() {}

        static let keys = ["embedding_dim", "hidden_dim", "n_layers", "activation"]
        private static let activations = ["elu", "leaky_relu", "relu", "sigmoid", "tanh"]

        init(_ node: ConfigurationNode) throws {
            if let value = node.child("embedding_dim") { embeddingDim = try value.int(in: 1...65_536) }
            if let value = node.child("hidden_dim") { hiddenDim = try value.int(in: 1...65_536) }
            if let value = node.child("n_layers") { layers = try value.int(in: 1...1000) }
            if let value = node.child("activation") {
                activation = Activation(rawValue: try value.choice(Self.activations)) ?? .relu
            }
        }
    }

    /// The model with fresh parameters; throws `ConfigurationError` for one that does not fit into memory.
    package static func make(
        _ configuration: Configuration, schema: ModelSchema, seed: UInt64, positiveWeight: [Float]? = nil
    ) throws -> FieldwiseModel {
        try FieldwiseModel(
            schema: schema, embeddingSize: configuration.embeddingDim, seed: seed,
            positiveWeight: positiveWeight
        ) { feature, builder in Encoder(configuration, builder["mlp.\(feature.name)"]) }
    }

    private struct Encoder: FeatureEncoder {
        let width: Int
        private let layers: [Linear]
        private let activation: Activation

        init(_ configuration: Configuration, _ parameters: ParameterBuilder) {
            width = configuration.hiddenDim
            activation = configuration.activation
            layers = (0..<configuration.layers).map { layer in
                let inputs = layer == 0 ? configuration.embeddingDim : configuration.hiddenDim
                return Linear(
                    inputs, configuration.hiddenDim, bias: true, parameters: parameters["\(2 * layer)"])
            }
        }

        func encode(_ field: BatchField, _ embedding: FeatureEmbedding, _ context: Context) -> Tensor {
            var x = embedding.mean(field, context)
            for (index, layer) in layers.enumerated() {
                x = layer(index == 0 ? x : context.activation(x, activation), context)
            }
            return x
        }
    }
}

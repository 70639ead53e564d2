package import Batching
import Groundwork
import Layers
package import Tensors

/// A recurrent net per field (Elman, GRU or LSTM) over codes or visits; the state at a sample's last step goes on.
///
/// Sources: Cho et al. 2014 (GRU); Hochreiter and Schmidhuber 1997 (LSTM). The last step is the last one with any code
/// (PyHealth: the number of such steps, which differs when a visit in the middle is empty).
package enum RNN {
    /// Options with PyHealth's defaults.
    package struct Configuration: Sendable, Equatable {
        /// Width of the embeddings. The default is 128.
        package var embeddingDim = 128
        /// Units per direction. The default is 128.
        package var hiddenDim = 128
        /// GRU, LSTM or RNN. The default is GRU.
        package var cell = RecurrentCell.gru
        /// Layers. The default is 1.
        package var layers = 1
        /// Dropout on the input and between layers. The default is 0.5.
        package var dropout = 0.5
        /// Whether a second net runs backwards; both are projected to `hidden_dim`. The default is false.
        package var bidirectional = false

        package init() {}

        static let keys = [
            "embedding_dim", "hidden_dim", "rnn_type", "num_layers", "dropout", "bidirectional",
        ]

        init(_ node: ConfigurationNode) throws {
            if let value = node.child("embedding_dim") { embeddingDim = try value.int(in: 1...65_536) }
            if let value = node.child("hidden_dim") { hiddenDim = try value.int(in: 1...65_536) }
            if let value = node.child("num_layers") { layers = try value.int(in: 1...64) }
            if let value = node.child("dropout") { dropout = try value.double(in: 0...0.999) }
            if let value = node.child("bidirectional") { bidirectional = try value.bool() }
            if let value = node.child("rnn_type") {
                switch try value.choice(["GRU", "LSTM", "RNN"]) {
                case "LSTM": cell = .lstm
                case "RNN": cell = .elman
                default: cell = .gru
                }
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
        ) { feature, builder in Encoder(configuration, builder["rnn.\(feature.name)"]) }
    }

    private struct Encoder: FeatureEncoder {
        let width: Int
        private let net: Recurrent
        private let projection: Linear?
        private let dropout: Float

        init(_ configuration: Configuration, _ parameters: ParameterBuilder) {
            width = configuration.hiddenDim
            dropout = Float(configuration.dropout)
            net = Recurrent(
                configuration.cell, inputSize: configuration.embeddingDim, hiddenSize: width,
                layers: configuration.layers, bidirectional: configuration.bidirectional, dropout: dropout,
                parameters: parameters["rnn"])
            projection =
                configuration.bidirectional
                ? Linear(2 * width, width, bias: true, parameters: parameters["down_projection"]) : nil
        }

        func encode(_ field: BatchField, _ embedding: FeatureEmbedding, _ context: Context) -> Tensor {
            let steps = embedding.steps(field, context)
            let final = net.final(context.dropout(steps.x, dropout), steps.segments, context)
            return projection.map { $0(final, context) } ?? final
        }
    }
}

package import Batching
import Groundwork
import Tensors

/// Logistic regression on embedded codes: the mean of a sample's embeddings per field, then one linear layer.
package enum LogisticRegression {
    /// Options with PyHealth's defaults.
    package struct Configuration: Sendable, Equatable {
        /// Width of the embeddings. The default is 128.
        package var embeddingDim = 128

        package init() {}

        static let keys = ["embedding_dim"]

        init(_ node: ConfigurationNode) throws {
            if let value = node.child("embedding_dim") { embeddingDim = try value.int(in: 1...65_536) }
        }
    }

    /// The model with fresh parameters; throws `ConfigurationError` for one that does not fit into memory.
    package static func make(
        _ configuration: Configuration, schema: ModelSchema, seed: UInt64, positiveWeight: [Float]? = nil
    ) throws -> FieldwiseModel {
        try FieldwiseModel(
            schema: schema, embeddingSize: configuration.embeddingDim, seed: seed,
            positiveWeight: positiveWeight
        ) { _, _ in Encoder(width: configuration.embeddingDim) }
    }

    private struct Encoder: FeatureEncoder {
        let width: Int

        func encode(_ field: BatchField, _ embedding: FeatureEmbedding, _ context: Context) -> Tensor {
            embedding.mean(field, context)
        }
    }
}

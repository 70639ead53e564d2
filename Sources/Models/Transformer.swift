package import Batching
import Groundwork
import Layers
import Tensors

/// Pre-norm Transformer blocks per field; the vector is the output at step 0, and there is no position encoding.
///
/// Of the last block only step 0 is computed, of its other steps no more than keys and values.
///
/// Block: x += dropout(A(LN(x))); x += dropout(F(LN(x))); dropout. A: multi-head attention without biases, dropout 0.1 on
/// its weights; F: linear E → 4E, GELU, linear 4E → E, zero at steps without a code. Source: Vaswani et al., NIPS 2017.
package enum Transformer {
    /// Options with PyHealth's defaults.
    package struct Configuration: Sendable, Equatable {
        /// Width of the embeddings. The default is 128.
        package var embeddingDim = 128
        /// Attention heads. The default is 1.
        package var heads = 1
        /// Dropout on every branch and after every block. The default is 0.5.
        package var dropout = 0.5
        /// Blocks. The default is 1.
        package var layers = 1
        /// Steps beyond the first so many are cut. The default is 1024.
        package var maxSequenceLength = 1024

        package init() {}

        static let keys = ["embedding_dim", "heads", "dropout", "num_layers", "max_seq_len"]

        init(_ node: ConfigurationNode) throws {
            if let value = node.child("embedding_dim") { embeddingDim = try value.int(in: 1...65_536) }
            if let value = node.child("heads") { heads = try value.int(in: 1...1024) }
            if let value = node.child("dropout") { dropout = try value.double(in: 0...0.999) }
            if let value = node.child("num_layers") { layers = try value.int(in: 1...64) }
            if let value = node.child("max_seq_len") { maxSequenceLength = try value.int(in: 1...1_000_000) }
            guard embeddingDim % heads == 0 else {
                throw node.error(
                    "range", "embedding_dim (\(embeddingDim)) must be a multiple of heads (\(heads)).")
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
        ) { feature, builder in Encoder(configuration, builder["transformer.\(feature.name)"]) }
    }

    private struct Encoder: FeatureEncoder {
        let width: Int
        private let limit: Int
        private let blocks: [Block]

        init(_ configuration: Configuration, _ parameters: ParameterBuilder) {
            width = configuration.embeddingDim
            limit = configuration.maxSequenceLength
            blocks = (0..<configuration.layers).map { Block(configuration, parameters["transformer.\($0)"]) }
        }

        func encode(_ field: BatchField, _ embedding: FeatureEmbedding, _ context: Context) -> Tensor {
            let steps = cut(embedding.steps(field, context), context)
            var x = steps.x
            for block in blocks.dropLast() { x = block(x, steps.segments, steps.valid, context) }
            guard let last = blocks.last else { return context.first(x, steps.segments) }
            return last(x, steps.segments, steps.valid, context, onlyFirst: true)
        }

        /// The first `max_seq_len` steps of every sample.
        private func cut(_ steps: EmbeddedSteps, _ context: Context) -> EmbeddedSteps {
            guard steps.segments.longest > limit else { return steps }
            let kept = (0..<steps.segments.count).map { Array(steps.segments[$0].prefix(limit)) }
            let rows = kept.flatMap { $0.map(Int32.init) }
            return EmbeddedSteps(
                x: context.gatherRows(steps.x, rows: rows), segments: Segments(lengths: kept.map(\.count)),
                isPresent: rows.map { steps.isPresent[Int($0)] })
        }
    }

    private struct Block {
        private let norms: [LayerNorm]
        private let projections: [Linear]
        private let output: Linear
        private let widen: Linear
        private let narrow: Linear
        private let heads: Int
        private let dropout: Float
        private static let attentionDropout: Float = 0.1

        init(_ configuration: Configuration, _ parameters: ParameterBuilder) {
            let width = configuration.embeddingDim
            heads = configuration.heads
            dropout = Float(configuration.dropout)
            norms = ["input_sublayer", "output_sublayer"].map {
                LayerNorm(width, parameters: parameters["\($0).norm"])
            }
            projections = (0..<3).map {
                Linear(width, width, bias: false, parameters: parameters["attention.linear_layers.\($0)"])
            }
            output = Linear(width, width, bias: false, parameters: parameters["attention.output_linear"])
            widen = Linear(width, 4 * width, bias: true, parameters: parameters["feed_forward.w_1"])
            narrow = Linear(4 * width, width, bias: true, parameters: parameters["feed_forward.w_2"])
        }

        /// The block's output at every step, or at each sample's first one: the others only give keys and values there.
        func callAsFunction(
            _ x: Tensor, _ segments: Segments, _ valid: [Bool], _ context: Context, onlyFirst: Bool = false
        ) -> Tensor {
            let old = onlyFirst ? context.first(x, segments) : x
            let normed = norms[0](x, context)
            let asking = onlyFirst ? context.first(normed, segments) : normed
            let places = onlyFirst ? .singles(segments.count) : segments
            let isPresent = onlyFirst ? (0..<segments.count).map { valid[segments[$0].lowerBound] } : valid
            let attended = context.crossAttention(
                query: projections[0](asking, context), key: projections[1](normed, context),
                value: projections[2](normed, context), heads: heads, segments: places, keySegments: segments,
                valid: isPresent, keyValid: valid, dropout: Self.attentionDropout)
            let middle = context.add(old, context.dropout(output(attended, context), dropout))
            let hidden = context.activation(widen(norms[1](middle, context), context), .gelu)
            let fed = context.keepRows(
                narrow(context.dropout(hidden, dropout), context), where: isPresent)
            return context.dropout(context.add(middle, context.dropout(fed, dropout)), dropout)
        }
    }
}

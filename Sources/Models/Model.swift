package import Batching
import ClinicalData
import Foundation
import Groundwork
package import Layers
package import Tensors

/// A network with its parameters: batch in, prediction out.
package protocol Model: AnyObject {
    /// The parameters, named as in PyHealth's `state_dict`.
    var parameters: ParameterArena { get }
    /// What it was made for.
    var schema: ModelSchema { get }
    /// Whether its batches must have the times of fields that have them. The default is false.
    var usesTimes: Bool { get }
    /// The prediction for a batch, and its loss if the batch has labels.
    func forward(_ batch: Batch, _ context: Context) throws -> ModelOutput
}

extension Model {
    package var usesTimes: Bool { false }
}

/// What a model says about a batch.
package struct ModelOutput {
    /// Scores before the link function `[B, outputs]`.
    package let logit: Tensor
    /// The patients' vectors before the last layer `[B, D]`.
    package let embed: Tensor
    /// Sigmoid, softmax or identity of the scores `[B · outputs]`.
    package let probabilities: [Float]
    /// nil without labels.
    package let loss: Loss?
}

/// One field's part of a model: from embedded steps to one vector per sample.
package protocol FeatureEncoder {
    /// Columns of the result.
    var width: Int { get }
    /// Shape of the result: `[B, width]`.
    func encode(_ field: BatchField, _ embedding: FeatureEmbedding, _ context: Context) -> Tensor
}

/// A model that encodes every field by itself, concatenates the vectors in schema order and ends in one linear layer `fc`.
///
/// Loss and probability follow the mode: binary and multilabel mean binary cross entropy with logits and sigmoid; multiclass
/// cross entropy and softmax; regression mean squared error and identity.
package final class FieldwiseModel: Model {
    package let parameters: ParameterArena
    package let schema: ModelSchema
    private let embeddings: [FeatureEmbedding]
    private let encoders: [any FeatureEncoder]
    private let head: Linear
    private let positiveWeight: [Float]?

    /// A model with fresh parameters drawn with `seed`; `encoder` makes the part of one field.
    ///
    /// Throws `ConfigurationError` for one whose parameters and gradients do not fit into memory.
    package init(
        schema: ModelSchema, embeddingSize: Int, seed: UInt64, positiveWeight: [Float]? = nil,
        encoder: (ModelSchema.Feature, ParameterBuilder) -> any FeatureEncoder
    ) throws {
        let builder = ParameterBuilder(seed: seed)
        self.schema = schema
        self.positiveWeight = positiveWeight
        embeddings = schema.features.map {
            FeatureEmbedding(
                $0, size: embeddingSize, parameters: builder["embedding_model.embedding_layers.\($0.name)"])
        }
        encoders = schema.features.map { encoder($0, builder) }
        head = Linear(
            encoders.reduce(0) { $0 + $1.width }, schema.outputSize, bias: true, parameters: builder["fc"])
        try Self.requireRoom(for: builder.count)
        parameters = builder.build()
    }

    private static func requireRoom(for parameters: Int) throws {
        // A value and a gradient each; the optimizer's state comes on top.
        let (needed, limit) = (Double(parameters) * 8, Double(MachineMemory.limit))
        guard needed > limit else { return }
        let sizes = [needed, limit].map { String(format: "%.1f GB", $0 / 1e9) }
        throw ConfigurationError(
            "model-too-large",
            "The model has \(parameters) parameters, which need \(sizes[0]) of memory with their gradients; there are \(sizes[1]). "
                + "Lower embedding_dim, hidden_dim or n_layers.")
    }

    package func forward(_ batch: Batch, _ context: Context) throws -> ModelOutput {
        let vectors = try schema.features.indices.map { i -> Tensor in
            let name = schema.features[i].name
            guard let field = batch.fields[name] else { throw ModelError.missingField(name: name) }
            return encoders[i].encode(field, embeddings[i], context)
        }
        let embed = context.concatenate(vectors)
        let logit = head(embed, context)
        return ModelOutput(
            logit: logit, embed: embed, probabilities: probabilities(logit, context),
            loss: try batch.labels.map { try loss(logit, $0, context) })
    }

    private func probabilities(_ logit: Tensor, _ context: Context) -> [Float] {
        let plain = Context(mode: context.mode, recordsGradients: false, pool: context.pool)
        switch schema.mode {
        case .binary, .multilabel: return plain.activation(logit, .sigmoid).array
        case .multiclass: return plain.softmax(logit).array
        case .regression: return logit.array
        }
    }

    private func loss(_ logit: Tensor, _ labels: BatchLabels, _ context: Context) throws -> Loss {
        switch (schema.mode, labels) {
        case (.binary, .values(let targets, _)), (.multilabel, .values(let targets, _)):
            return context.binaryCrossEntropy(logits: logit, targets: targets, positiveWeight: positiveWeight)
        case (.multiclass, .classes(let classes)): return context.crossEntropy(logits: logit, labels: classes)
        case (.regression, .values(let targets, _)):
            return context.meanSquaredError(predictions: logit, targets: targets)
        default: throw ModelError.wrongLabels(label: schema.label)
        }
    }
}

package import Batching
import Layers
package import Tensors

/// PyHealth's EmbeddingModel for one field: a table for codes (row 0 is padding), a linear layer with bias for numbers.
package struct FeatureEmbedding {
    private enum Layer {
        case table(Embedding)
        case linear(Linear)
    }
    private let layer: Layer

    /// A layer for `feature` with vectors of `size` (E) values.
    init(_ feature: ModelSchema.Feature, size: Int, parameters: ParameterBuilder) {
        switch feature.kind {
        case .codes(let vocabulary), .nestedCodes(let vocabulary):
            layer = .table(Embedding(vocabulary, size, parameters: parameters))
        case .series(let width), .dense(let width):
            layer = .linear(Linear(width, size, bias: true, parameters: parameters))
        }
    }

    /// The embedded steps of every sample; a visit is the sum of its codes, a vector is one step.
    package func steps(_ field: BatchField, _ context: Context) -> EmbeddedSteps {
        switch (field, layer) {
        case (.codes(let indices, let steps), .table(let table)):
            return EmbeddedSteps(
                x: table.lookup(indices, context), segments: steps, isPresent: indices.map { $0 != 0 })
        case (.nestedCodes(let indices, let codes, let visits), .table(let table)):
            let present = (0..<codes.count).map { visit in indices[codes[visit]].contains { $0 != 0 } }
            return EmbeddedSteps(x: table.sum(indices, codes, context), segments: visits, isPresent: present)
        case (.series(let values, let width, let steps), .linear(let linear)):
            let x = linear(context.tensor(values, shape: [steps.total, width]), context)
            return EmbeddedSteps(x: x, segments: steps, isPresent: Array(repeating: true, count: steps.total))
        case (.dense(let values, let width), .linear(let linear)):
            let count = width == 0 ? 0 : values.count / width
            let x = linear(context.tensor(values, shape: [count, width]), context)
            return EmbeddedSteps(
                x: x, segments: .singles(count), isPresent: Array(repeating: true, count: count))
        default:
            preconditionFailure("FeatureEmbedding: the batch's field is of another kind than the schema's")
        }
    }

    /// The mean of a sample's embedded codes (all visits together) or steps `[B, E]`; zero where there is no code.
    package func mean(_ field: BatchField, _ context: Context) -> Tensor {
        switch (field, layer) {
        case (.codes(let indices, let steps), .table(let table)): return table.mean(indices, steps, context)
        case (.nestedCodes(let indices, let codes, let visits), .table(let table)):
            let lengths = (0..<visits.count).map { sample in visits[sample].reduce(0) { $0 + codes[$1].count }
            }
            return table.mean(indices, Segments(lengths: lengths), context)
        case (.dense, _): return steps(field, context).x
        default:
            let embedded = steps(field, context)
            return context.segmentMean(embedded.x, embedded.segments)
        }
    }
}

/// A field's steps as vectors.
package struct EmbeddedSteps {
    /// One row per step `[N, E]`.
    package let x: Tensor
    /// Samples → steps; never empty.
    package let segments: Segments
    /// Per step, whether there is anything in it.
    package let isPresent: [Bool]

    /// As ``isPresent``, but the first step of a sample without any counts as present.
    package var valid: [Bool] {
        var valid = isPresent
        for sample in 0..<segments.count where !segments[sample].contains(where: { isPresent[$0] }) {
            valid[segments[sample].lowerBound] = true
        }
        return valid
    }
}

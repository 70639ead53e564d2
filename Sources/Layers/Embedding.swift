package import Tensors

/// A table of vectors. Parameter `weight` `[vocabulary, E]`, at first standard normal with row 0 (padding) zero.
package struct Embedding {
    package let weight: Tensor

    /// A table of `count` vectors of `width` (E) values.
    package init(_ count: Int, _ width: Int, parameters: ParameterBuilder) {
        weight = parameters.parameter("weight", [count, width], .embedding)
    }

    /// One row per index `[indices, E]`.
    package func lookup(_ indices: [Int32], _ context: Context) -> Tensor {
        context.embedding(weight, indices)
    }

    /// The sum over each segment's indices `[S, E]`.
    package func sum(_ indices: [Int32], _ segments: Segments, _ context: Context) -> Tensor {
        context.embeddingSum(weight, indices, segments)
    }

    /// The mean over each segment's indices that are not 0 `[S, E]`; zero where there is none.
    package func mean(_ indices: [Int32], _ segments: Segments, _ context: Context) -> Tensor {
        context.embeddingMean(weight, indices, segments)
    }
}

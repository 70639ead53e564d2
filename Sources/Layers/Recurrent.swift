package import Tensors

/// Elman, GRU or LSTM layers over ragged sequences, with PyTorch's parameter names and gate order.
///
/// Parameters per layer l and direction: `weight_ih_l{l}` `[G·H, D]`, `weight_hh_l{l}` `[G·H, H]`, `bias_ih_l{l}`,
/// `bias_hh_l{l}` `[G·H]`, with suffix `_reverse` for the backward direction; at first uniform within ±1/√H.
package struct Recurrent {
    /// The cell.
    package let cell: RecurrentCell
    /// H, the units per direction.
    package let hiddenSize: Int
    /// Whether a second net runs from the last step to the first.
    package let bidirectional: Bool
    private let dropout: Float
    private let layers: [[RecurrentWeights]]

    /// `layers` layers; `dropout` acts between them in training. With `reversed`, the (only) direction runs from every
    /// sample's last step to its first, while results stay at their own steps.
    package init(
        _ cell: RecurrentCell, inputSize: Int, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false,
        dropout: Float = 0, reversed: Bool = false, parameters: ParameterBuilder
    ) {
        require(!(bidirectional && reversed), "Recurrent: both directions cannot be reversed")
        self.cell = cell
        self.hiddenSize = hiddenSize
        self.bidirectional = bidirectional
        self.dropout = dropout
        let directions = bidirectional ? [("", false), ("_reverse", true)] : [("", reversed)]
        self.layers = (0..<layers).map { layer in
            let inputs = layer == 0 ? inputSize : hiddenSize * directions.count
            return directions.map { suffix, reversed in
                Self.weights(cell, inputs, hiddenSize, "_l\(layer)\(suffix)", reversed, parameters)
            }
        }
    }

    /// The last layer's state after every step. Shapes: x `[N, D]`, result `[N, directions · H]`.
    package func callAsFunction(_ x: Tensor, _ segments: Segments, _ context: Context) -> Tensor {
        run(x, segments, context, onlyFinal: false)
    }

    /// The last layer's state at the end of each direction's way: forward at the last step, backward at the first.
    ///
    /// Shapes: x `[N, D]`, result `[B, directions · H]`; zero for an empty segment.
    package func final(_ x: Tensor, _ segments: Segments, _ context: Context) -> Tensor {
        run(x, segments, context, onlyFinal: true)
    }

    private func run(_ x: Tensor, _ segments: Segments, _ context: Context, onlyFinal: Bool) -> Tensor {
        var states = x
        for (index, layer) in layers.enumerated() {
            if index > 0 { states = context.dropout(states, dropout) }
            states = context.recurrent(
                cell, states, segments, layer, onlyFinal: onlyFinal && index == layers.count - 1)
        }
        return states
    }

    private static func weights(
        _ cell: RecurrentCell, _ inputs: Int, _ hidden: Int, _ suffix: String, _ reversed: Bool,
        _ parameters: ParameterBuilder
    ) -> RecurrentWeights {
        let initial = Initializer.uniform(bound: 1 / Float(max(hidden, 1)).squareRoot())
        let rows = cell.gates * hidden
        return RecurrentWeights(
            input: parameters.parameter("weight_ih\(suffix)", [rows, inputs], initial),
            hidden: parameters.parameter("weight_hh\(suffix)", [rows, hidden], initial),
            inputBias: parameters.parameter("bias_ih\(suffix)", [rows], initial),
            hiddenBias: parameters.parameter("bias_hh\(suffix)", [rows], initial), reversed: reversed)
    }
}

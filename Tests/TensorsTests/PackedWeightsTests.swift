import Layers
import Tensors
import Testing

/// Computations that share packed weights give the bits of those that share nothing.
@Suite struct PackedWeightsTests {
    @Test(arguments: [0, 1, 5, 16, 70], [1, 3, 40])
    func sharingChangesNoBit(rows: Int, outputs: Int) {
        let alone = passes(rows: rows, outputs: outputs, sharing: nil)
        #expect(alone == passes(rows: rows, outputs: outputs, sharing: PackedWeights()))
        #expect(alone.gradients.contains { $0 != 0 } == (rows > 0))
    }

    @Test func memoryGoesBackWithThem() {
        let pool = BufferPool()
        let net = Net(outputs: 3)
        var reserved: [Int] = []
        for _ in 0..<4 {
            let shared = PackedWeights()
            for _ in 0..<2 { _ = net.pass(rows: 9, probe: 5, shared, pool) }
            reserved.append(pool.reservedBytes)
        }
        #expect(reserved[0] > 0 && Set(reserved.dropFirst()).count == 1)
    }

    /// A recurrent layer over two segments and a linear one.
    private struct Net {
        private let recurrent: Recurrent
        private let linear: Linear
        let arena: ParameterArena

        init(outputs: Int) {
            let builder = ParameterBuilder(seed: 3)
            recurrent = Recurrent(.gru, inputSize: 7, hiddenSize: 17, parameters: builder["rnn"])
            linear = Linear(17, outputs, parameters: builder["fc"])
            arena = builder.build()
        }

        /// The results of one pass; its gradients are added to the arena's.
        func pass(rows: Int, probe seed: UInt64, _ shared: PackedWeights?, _ pool: BufferPool) -> [Float] {
            var probe = Probe(seed)
            let context = Context(
                mode: .training, recordsGradients: true, pool: pool, packedWeights: shared)
            let x = context.variable(probe.values(rows * 7), shape: [rows, 7])
            let y = linear(recurrent(x, Segments(lengths: [rows / 3, rows - rows / 3]), context), context)
            context.backward(from: context.sum(context.activation(y, .tanh)))
            return y.array + (x.gradient ?? [])
        }
    }

    private struct Passes: Equatable {
        var results: [Float] = []
        var gradients: [Float] = []
    }

    /// Two passes over other inputs with the same parameters.
    private func passes(rows: Int, outputs: Int, sharing shared: PackedWeights?) -> Passes {
        let net = Net(outputs: outputs)
        var found = Passes()
        for seed in [UInt64(5), 6] {
            found.results += net.pass(rows: rows, probe: seed, shared, BufferPool())
        }
        found.gradients = Array(net.arena.gradients)
        return found
    }
}

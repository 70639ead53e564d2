import Groundwork
import Kernels
import Layers
import Tensors
import Testing

@Suite struct ArenaTests {
    @Test func parametersStandInOrderAtAlignedPlaces() {
        let builder = ParameterBuilder(seed: 1)
        let layer = Linear(5, 3, parameters: builder["model"]["fc"])
        let table = Embedding(4, 6, parameters: builder["table"])
        let arena = builder.build()
        #expect(arena.parameters.map(\.name) == ["model.fc.weight", "model.fc.bias", "table.weight"])
        #expect(arena.parameters.map(\.offset) == [0, 16, 32])
        #expect(arena.parameters.map(\.shape) == [[3, 5], [3], [4, 6]])
        #expect(arena.index(of: "table.weight") == 2 && arena.index(of: "nobody") == nil)
        let bound = 1 / Float(5).squareRoot()
        #expect(layer.weight.array.allSatisfy { abs($0) <= bound } && Set(layer.weight.array).count == 15)
        #expect(table.weight.array[..<6].allSatisfy { $0 == 0 })
        #expect(table.weight.array[6...].allSatisfy { $0 != 0 })
    }

    @Test func firstValuesDependOnSeedAndNameAlone() {
        let values = { (seed: UInt64, first: String) -> [Float] in
            let builder = ParameterBuilder(seed: seed)
            if !first.isEmpty { _ = builder.parameter(first, [9], .normal(deviation: 1)) }
            let tensor = builder.parameter("w", [50], .normal(deviation: 1))
            let arena = builder.build()
            return withExtendedLifetime(arena) { tensor.array }
        }
        #expect(values(1, "") == values(1, "other"))
        #expect(values(1, "") != values(2, ""))
    }

    @Test func normalValuesHaveTheAskedMoments() {
        let builder = ParameterBuilder(seed: 4)
        let tensor = builder.parameter("w", [20_000], .normal(deviation: 2))
        let arena = builder.build()
        let values = withExtendedLifetime(arena) { tensor.array.map(Double.init) }
        let mean = values.reduce(0, +) / 20_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        let fourth = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) * ($1 - mean) } / 20_000
        #expect(abs(mean) < 0.06 && abs(variance - 4) < 0.2 && abs(fourth - 48) < 5)
    }

    /// PyTorch's `nn.Embedding` gives a gradient of zeros then, so that momentum, decay and step count go on.
    @Test func aLookupOfNothingButPaddingTakesPart() {
        let builder = ParameterBuilder(seed: 1)
        let table = Embedding(50, 4, parameters: builder["table"])
        let arena = builder.build()
        let optimizer = Optimizer(.adam(.init()), parameters: arena.parameters)
        let look = { (codes: [Int32]) in
            let context = context(.training, records: true)
            context.backward(
                from: context.sum(table.sum(codes, Segments(lengths: [codes.count]), context)))
        }
        let step = {
            optimizer.step(
                values: arena.values, gradients: UnsafeBufferPointer(arena.gradients),
                participating: arena.receivedGradient)
        }
        look([3])
        step()
        let once = Array(arena.values)
        arena.zeroGradients()
        #expect(arena.receivedGradient == [false])
        look([0, 0])
        #expect(arena.receivedGradient == [true] && arena.gradientRanges == [])
        step()
        #expect(optimizer.steps == [2])
        #expect(Array(arena.values)[12..<16] != once[12..<16], "the averages of row 3 move it on")
        arena.zeroGradients()
        look([])
        #expect(arena.receivedGradient == [true])
    }

    @Test func gradientsAddUpUntilForgottenAndNameWhoTookPart() {
        let builder = ParameterBuilder(seed: 1)
        let table = Embedding(50, 4, parameters: builder["table"])
        let used = Linear(4, 2, parameters: builder["used"])
        let unused = Linear(4, 2, parameters: builder["unused"])
        let arena = builder.build()
        let run = {
            let context = context(.training, records: true)
            let x = table.sum([3, 0, 7, 3], Segments(lengths: [3, 1]), context)
            context.backward(from: context.sum(used(x, context)))
        }
        run()
        let once = Array(arena.gradients)
        #expect(arena.receivedGradient == [true, true, true, false, false])
        #expect(arena.gradientRanges.prefix(2) == [12..<16, 28..<32])
        let touched = arena.gradientRanges.reduce(into: Set<Int>()) { $0.formUnion($1) }
        #expect(once.indices.allSatisfy { touched.contains($0) || once[$0] == 0 })
        run()
        #expect(zip(arena.gradients, once).allSatisfy { abs($0 - 2 * $1) < 1e-6 })
        arena.zeroGradients()
        #expect(arena.gradients.allSatisfy { $0 == 0 } && arena.receivedGradient.allSatisfy { !$0 })
        run()
        #expect(Array(arena.gradients) == once)
        let elsewhere = UnsafeMutableBufferPointer<Float>.allocate(capacity: arena.gradients.count)
        defer { elsewhere.deallocate() }
        elsewhere.initialize(repeating: 0)
        arena.collectGradients(in: elsewhere)
        #expect(arena.gradientRanges.isEmpty)
        run()
        #expect(Array(elsewhere) == once && Array(arena.gradients) == once)
        withExtendedLifetime(unused) {}
    }

    /// Sums over ranks are begun between the operations of the way back and elsewhere: they must round alike.
    @Test func whatIsCalledBetweenOperationsKeepsSubnormals() {
        let context = context(.training, records: true)
        let x = context.variable([1, 2], shape: [2])
        let y = context.scale(context.scale(x, 2), 3)
        var tiny = [Float.leastNormalMagnitude, Float.leastNormalMagnitude], halves: [Float] = []
        context.backward(from: context.sum(y)) { left in
            Kernel.scale(0.5, tiny, into: &tiny, count: 2)
            halves.append(tiny[left % 2])
            tiny = [Float.leastNormalMagnitude, Float.leastNormalMagnitude]
        }
        #expect(halves == Array(repeating: Float.leastNormalMagnitude / 2, count: 3))
    }

    @Test func paddingGetsNoGradient() {
        let builder = ParameterBuilder(seed: 1)
        let table = Embedding(5, 4, parameters: builder)
        let arena = builder.build()
        let context = context(.training, records: true)
        context.backward(from: context.sum(table.lookup([0, 0, 2], context)))
        #expect(arena.gradients[..<4].allSatisfy { $0 == 0 })
        #expect(arena.gradients[8..<12].allSatisfy { $0 == 1 })
        #expect(table.lookup([0], context).array == [0, 0, 0, 0])
    }

    @Test func frozenParametersGetNoGradient() {
        let builder = ParameterBuilder(seed: 1)
        let frozen = builder.parameter("frozen", [4, 3], .ones, isTrainable: false)
        let free = builder.parameter("free", [4, 3], .ones)
        let arena = builder.build()
        let context = context(.training, records: true)
        context.backward(from: context.sum(context.multiply(frozen, free)))
        #expect(arena.receivedGradient == [false, true])
    }

    @Test func poolGivesTheSameMemoryAgain() {
        let pool = BufferPool()
        let builder = ParameterBuilder(seed: 1)
        let layer = Linear(40, 30, parameters: builder)
        let arena = builder.build()
        var reserved = 0
        for step in 0..<5 {
            arena.zeroGradients()
            let context = Context(mode: .training, recordsGradients: true, pool: pool)
            let x = context.tensor([Float](repeating: 1, count: 800), shape: [20, 40])
            let y = context.dropout(context.activation(layer(x, context), .gelu), 0.5)
            context.backward(from: context.sum(y))
            if step == 1 { reserved = pool.reservedBytes }
        }
        #expect(pool.reservedBytes == reserved && reserved > 0)
    }

    @Test func namesTheFirstParameterThatIsNotFinite() {
        let builder = ParameterBuilder(seed: 1)
        let layer = Linear(5, 3, parameters: builder["fc"])
        let arena = builder.build()
        #expect(arena.firstNonFinite(in: TouchedFloats(arena.values)) == nil)
        layer.bias?.values[2] = .nan
        #expect(arena.firstNonFinite(in: TouchedFloats(arena.values)) == "fc.bias")
        layer.weight.values[0] = -.infinity
        #expect(arena.firstNonFinite(in: TouchedFloats(arena.values)) == "fc.weight")
        #expect(arena.firstNonFinite(in: TouchedFloats(arena.gradients)) == nil)
        #expect(arena.firstNonFinite(in: TouchedFloats(arena.values, touched: [1..<16])) == nil)
        #expect(
            arena.firstNonFinite(in: TouchedFloats(arena.values, touched: [1..<4, 17..<20])) == "fc.bias")
    }

    @Test func refusesANameTwice() async {
        await #expect(processExitsWith: .failure) {
            let builder = ParameterBuilder(seed: 1)
            _ = builder.parameter("w", [1], .ones)
            _ = builder.parameter("w", [1], .ones)
        }
    }

    @Test func refusesAnIndexOutsideTheTable() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.embedding(context.tensor([1, 2], shape: [2, 1]), [2])
        }
    }
}

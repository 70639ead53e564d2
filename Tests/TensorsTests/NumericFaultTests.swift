import Kernels
import Layers
import Tensors
import Testing

/// Values that are no numbers are found where they begin; wrong shapes are told with names.
@Suite struct NumericFaultTests {
    private func context(checks: Bool = true) -> Context {
        Context(
            mode: .training, recordsGradients: true, pool: BufferPool(),
            randomness: Randomness(seed: 1, epoch: 4, step: 17, rank: 3), checksNumerics: checks)
    }

    @Test func theFirstOperationIsNamedAndWhereItWas() {
        let context = context()
        let x = context.variable([1, 3e38], shape: [1, 2])
        let y = context.softmax(context.add(context.activation(x, .relu), x))
        _ = context.sum(y)
        let fault = context.numericFault
        #expect(fault?.operation == "add" && fault?.shape == [1, 2] && fault?.isGradient == false)
        #expect(fault?.randomness == Randomness(seed: 1, epoch: 4, step: 17, rank: 3))
    }

    @Test func aGradientThatRunsAwayIsNamedByItsOperation() {
        let context = context()
        let x = context.variable([1, 2], shape: [1, 2]), none = context.tensor([0, 0], shape: [1, 2])
        let y = context.scale(context.scale(context.multiply(x, none), 1e30), 1e30)
        let loss = context.sum(y)
        #expect(context.numericFault == nil && loss.item == 0)
        context.backward(from: loss)
        #expect(context.numericFault?.operation == "multiply" && context.numericFault?.isGradient == true)
    }

    @Test func inputsAreLookedThroughToo() {
        let context = context()
        _ = context.sum(context.tensor([1, .nan], shape: [2, 1]))
        #expect(context.numericFault?.operation == "input")
    }

    @Test func minusInfinityByDefinitionIsNoFault() {
        let context = context(), x = context.variable([1, 2], shape: [1, 2])
        _ = context.logSoftmax(x, valid: [true, false])
        #expect(context.numericFault == nil)
    }

    @Test func nobodyLooksUnlessAsked() {
        let context = context(checks: false)
        _ = context.sum(context.variable([.infinity], shape: [1, 1]))
        #expect(context.numericFault == nil)
    }

    @Test func theTapeIsUsedOnce() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let context = Context(mode: .training, recordsGradients: true, pool: BufferPool())
            let loss = context.sum(context.variable([1], shape: [1, 1]))
            context.backward(from: loss)
            context.backward(from: loss)
        }
        let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(words.contains("gradients of gradients are not built"))
    }

    @Test func aShapeThatDoesNotFitIsToldWithTheParametersName() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let builder = ParameterBuilder(seed: 1)
            let layer = Linear(3, 2, parameters: builder["rnn.codes"])
            let arena = builder.build()
            let context = Context(mode: .training, recordsGradients: true, pool: BufferPool())
            _ = layer(context.tensor([1, 2, 3, 4], shape: [1, 4]), context)
            _ = arena.parameters
        }
        let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(
            words.contains(#"linear: inner dimensions differ, x [1, 4], weight "rnn.codes.weight" [2, 3]"#))
    }

    @Test func anIndexOutsideATableIsToldByTableAndPlaceAlone() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let builder = ParameterBuilder(seed: 1)
            let table = Embedding(5, 2, parameters: builder["conditions"])
            let arena = builder.build()
            let context = Context(mode: .training, recordsGradients: true, pool: BufferPool())
            _ = table.mean([1, 2, 9876], Segments(lengths: [3]), context)
            _ = arena.parameters
        }
        let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(
            words.contains(
                #"embeddingMean: the index at place 2 of 3 is outside table "conditions.weight" [5, 2]"#))
        #expect(!words.contains("9876"))
    }

    @Test func portableKernelsAreSaidAndOthersNot() async {
        await #expect(processExitsWith: .success) {
            Kernel.use(.baseline)
            #if arch(x86_64)
                #expect(NumericFingerprint.current().notice?.contains("portable kernels") == true)
            #endif
            #expect(NumericFingerprint.current().level == "baseline")
            if Kernel.use(.avx2) != .baseline { #expect(NumericFingerprint.current().notice == nil) }
        }
    }
}

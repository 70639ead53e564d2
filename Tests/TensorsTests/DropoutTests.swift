import Groundwork
import Kernels
import Tensors
import Testing

@Suite struct DropoutTests {
    @Test func wordsAreThoseOfTheRandomStream() {
        for count in [1, 3, 64, 65, 1000] {
            var stream = RandomStream(seed: 5, purpose: .dropout, epoch: 3, step: 9, rank: 2, layer: 4)
            var words = [UInt32](repeating: 0, count: count)
            Kernel.randomWords(stream, into: &words, count: count)
            #expect(words == (0..<count).map { _ in stream.nextWord() })
        }
    }

    @Test(arguments: [Float(0.1), 0.5, 0.9])
    func keepsTheAskedShareAndTheMean(_ probability: Float) {
        let context = context(.training)
        let count = 40_000
        let y = context.dropout(
            context.tensor([Float](repeating: 1, count: count), shape: [count / 8, 8]), probability
        ).array
        let kept = Double(y.filter { $0 != 0 }.count) / Double(count)
        let deviation = (Double(probability * (1 - probability)) / Double(count)).squareRoot()
        #expect(abs(kept - Double(1 - probability)) < 4 * deviation)
        #expect(y.allSatisfy { $0 == 0 || $0 == 1 / (1 - probability) })
    }

    @Test func dependsOnKeyAndElementAlone() {
        let x = [Float](repeating: 1, count: 300)
        let draw = { (seed: UInt64, step: Int, calls: Int) -> [Float] in
            let context = context(.training, seed: seed, step: step)
            let input = context.tensor(x, shape: [300, 1])
            for _ in 1..<calls { _ = context.dropout(input, 0.5) }
            return context.dropout(input, 0.5).array
        }
        #expect(draw(1, 1, 1) == draw(1, 1, 1))
        #expect(draw(1, 1, 1) != draw(2, 1, 1))
        #expect(draw(1, 1, 1) != draw(1, 2, 1))
        #expect(draw(1, 1, 1) != draw(1, 1, 2))
        let shorter = context(.training, seed: 1, step: 1)
        #expect(
            shorter.dropout(shorter.tensor(Array(x[..<77]), shape: [77, 1]), 0.5).array
                == Array(draw(1, 1, 1)[..<77]))
    }

    @Test func isTheIdentityInEvaluation() {
        let context = context(.evaluation)
        let x = context.tensor([1, 2, 3], shape: [1, 3])
        #expect(context.dropout(x, 0.9).array == [1, 2, 3])
    }

    @Test func everythingOrNothing() {
        let context = context(.training)
        let x = context.tensor([1, 2, 3], shape: [1, 3])
        #expect(context.dropout(x, 0).array == [1, 2, 3])
        #expect(context.dropout(x, 1).array == [0, 0, 0])
    }
}

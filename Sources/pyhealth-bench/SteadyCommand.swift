import ArgumentParser
import Foundation
import Groundwork
import Tensors

/// Shows that a long training takes no more memory than a short one.
struct SteadyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steady",
        abstract: "Memory over many training steps of a GRU, an encoder block and an MLP.",
        discussion: """
            After every power of ten: bytes that the pool of buffers has taken from the system, and resident memory of this \
            process. A step whose buffers are all taken from the pool adds nothing to the first. Example: pyhealth-bench \
            steady --steps 10000
            """)

    @Option(help: "Training steps per model.")
    var steps = 10_000

    func validate() throws {
        guard steps > 0 else { throw ValidationError("--steps: expected at least 1, got \(steps).") }
    }

    func run() throws {
        var stream = RandomStream(seed: 3, purpose: .test)
        let ragged = Segments(lengths: (0..<16).map { _ in 1 + stream.nextInt(below: 20) })
        let models: [TrainingStep] = [
            TrainingStep("GRU", ragged, .recurrent(.gru, 64)),
            TrainingStep(
                "encoder block", ragged, .transformer(EncoderShape(width: 64, heads: 2, inner: 256))),
            TrainingStep("MLP", ragged, .perceptron(64)),
        ]
        for model in models {
            var next = 1
            for step in 1...steps {
                guard model.train().isFinite else {
                    throw ValidationError("\(model.name): the loss is no number.")
                }
                guard step == next || step == steps else { continue }
                next *= 10
                print(
                    String(
                        format: "%@, step %d: pool %.2f MB, resident %.1f MB", model.name, step,
                        Double(model.pool.reservedBytes) / 1e6, Self.residentMegabytes()))
            }
        }
    }

    /// Resident memory now, MB (10⁶ bytes), from `/proc`; 0 where there is none.
    private static func residentMegabytes() -> Double {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(getpagesize()) / 1e6
    }
}

import ClinicalData
import Foundation
import HDF5
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Models against golden files: outputs, loss, every gradient, five Adam steps; needs the reference folder.
@Suite("Models equal the reference", .enabled(if: References.available))
struct GoldenModelTests {
    @Test(arguments: GoldenCase.all("cases") + GoldenCase.all("additional_cases"))
    func givesTheReferencesOutputsGradientsAndAdamSteps(_ golden: GoldenCase) throws {
        let opened = try golden.open()
        try compareOutputs(opened)
        try compareGradients(opened)
        try compareAdam(opened)
    }

    @Test(arguments: GoldenCase.all("batch_independence"))
    func givesAPatientTheSameBitsAloneInTheBatchAndShuffled(_ golden: GoldenCase) throws {
        let opened = try golden.open()
        let together = try evaluate(opened, "")
        let order = try JSONDecoder().decode(
            [Int].self, from: Data(try opened.file.textAttribute("order", of: "shuffled").utf8))
        let shuffled = try evaluate(opened, "shuffled/")
        for (place, patient) in order.enumerated() {
            #expect(shuffled[place] == together[patient], "shuffled, patient \(patient)")
        }
        for patient in together.indices {
            #expect(
                try evaluate(opened, "alone/\(patient)/") == [together[patient]], "alone, patient \(patient)")
        }
    }

    /// Logit, probability and vector of every sample.
    private func evaluate(_ opened: GoldenFile, _ prefix: String) throws -> [[Float]] {
        let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
        let batch = try opened.batch(prefix)
        let output = try opened.model.forward(batch, context)
        let parts = [output.logit.array, output.probabilities, output.embed.array]
        return (0..<batch.count).map { row in
            parts.flatMap { part -> ArraySlice<Float> in
                let width = part.count / batch.count
                return part[(row * width)..<((row + 1) * width)]
            }
        }
    }

    private func compareOutputs(_ opened: GoldenFile) throws {
        let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
        let output = try opened.model.forward(try opened.batch(), context)
        for (name, values) in [
            ("logit", output.logit.array), ("y_prob", output.probabilities), ("embed", output.embed.array),
        ]
        where opened.file.contains("outputs/\(name)") {
            let expected: [Double] = try opened.file.read("outputs/\(name)")
            expectClose(values, expected, relative: 1e-5, absolute: 2e-6, name)
        }
        let loss = try #require(output.loss)
        let expected: Double = try opened.file.scalar("outputs/loss")
        expectClose([loss.total.item / Float(loss.count)], [expected], relative: 2e-6, absolute: 1e-6, "loss")
    }

    private func compareGradients(_ opened: GoldenFile) throws {
        try backward(opened)
        let arena = opened.model.parameters
        for parameter in arena.parameters where opened.file.contains("gradients/\(parameter.name)") {
            let expected: [Double] = try opened.file.read("gradients/\(parameter.name)")
            let noise = try noise(opened.file, "gradients/\(parameter.name)")
            expectClose(
                Array(arena.gradients[parameter.range]), expected, relative: 1e-4,
                absolute: max(2e-6, 20 * noise),
                "gradient of \(parameter.name)")
        }
    }

    private func compareAdam(_ opened: GoldenFile) throws {
        let arena = opened.model.parameters
        let optimizer = Optimizer(.adam(.init()), parameters: arena.parameters)
        let expected: [Double] = try opened.file.read("adam/losses")
        var losses: [Float] = []
        for _ in expected {
            losses.append(try backward(opened))
            optimizer.step(
                values: arena.values, gradients: UnsafeBufferPointer(arena.gradients),
                participating: arena.receivedGradient)
        }
        expectClose(losses, expected, relative: 1e-5, absolute: 5e-6, "Adam losses")
        for parameter in arena.parameters where opened.file.contains("adam/state/\(parameter.name)") {
            let path = "adam/state/\(parameter.name)"
            let state: [Double] = try opened.file.read(path)
            let gradient: [Double] = try opened.file.read("gradients/\(parameter.name)")
            let absolute = max(5e-6, 20 * (try noise(opened.file, path)))
            for (index, place) in parameter.range.enumerated() {
                let limit = abs(gradient[index]) < 1e-7 ? max(absolute, 5.5e-3) : absolute
                let difference = abs(Double(arena.values[place]) - state[index])
                if !(difference <= limit) {
                    Issue.record(
                        "\(parameter.name)[\(index)] after Adam: off by \(difference), allowed \(limit)")
                    break
                }
            }
        }
    }

    /// Forward and backward of the mean loss in evaluation mode; returns the loss.
    @discardableResult
    private func backward(_ opened: GoldenFile) throws -> Float {
        opened.model.parameters.zeroGradients()
        let context = Context(mode: .evaluation, recordsGradients: true, pool: BufferPool())
        let loss = try #require(try opened.model.forward(try opened.batch(), context).loss)
        let mean = context.scale(loss.total, 1 / Float(loss.count))
        context.backward(from: mean)
        return mean.item
    }

    private func noise(_ file: HDF5File, _ path: String) throws -> Double {
        switch try file.attribute("f64_max_abs_diff", of: path) {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: 0
        }
    }

    private func expectClose(
        _ values: [Float], _ expected: [Double], relative: Double, absolute: Double, _ what: String
    ) {
        guard values.count == expected.count else {
            Issue.record("\(what): \(values.count) values, expected \(expected.count)")
            return
        }
        for (index, (value, wanted)) in zip(values, expected).enumerated()
        where !(abs(Double(value) - wanted) <= absolute + relative * abs(wanted)) {
            Issue.record("\(what)[\(index)]: \(value), expected \(wanted)")
            return
        }
    }
}

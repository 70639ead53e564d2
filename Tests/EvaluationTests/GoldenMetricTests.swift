import ClinicalData
import Evaluation
import Foundation
import TestSupport
import Testing

/// Metrics against golden files; needs the reference folder.
@Suite("Metrics equal the reference", .enabled(if: References.available))
struct GoldenMetricTests {
    struct Case: CustomStringConvertible, Sendable {
        let description: String
        let mode: PredictionMode
        let width: Int
        let truth: [Double]
        let probabilities: [Double]
        let threshold: Double?
        let isSingle: Bool
        let expected: [String: Expected]
    }

    enum Expected: Sendable {
        case number(Double)
        case failure
    }

    static let cases: [Case] = ["binary", "multiclass", "multilabel"].flatMap(load)

    @Test(arguments: cases)
    func givesTheReferencesValuesAndNeverANumberWhereItFails(_ golden: Case) throws {
        let predictions = Predictions(
            mode: golden.mode, width: golden.width, truth: golden.truth, probabilities: golden.probabilities)
        let hasTies = Self.hasTies(golden)
        for name in MetricCatalog.names(golden.mode) {
            for result in predictions.evaluate([name], threshold: golden.threshold) {
                guard let expected = golden.expected[result.name] else { continue }
                if hasTies, name.hasSuffix("adapt") || name == "hits@n" || name == "mean_rank" { continue }
                switch (expected, result.value) {
                case (.number(let wanted), .value(let value)):
                    let tolerance = golden.isSingle ? 2e-6 : 1e-12
                    #expect(abs(value - wanted) <= tolerance * max(1, abs(wanted)), "\(result.name)")
                case (.failure, .undefined): break
                default: Issue.record("\(result.name): \(result.value), expected \(expected)")
                }
            }
        }
    }

    /// A model that ran away must not look like a model.
    @Test(
        arguments: [PredictionMode.binary, .multiclass, .multilabel, .regression], [Double.nan, .infinity])
    func hasNoValueWhereAPredictionIsNoNumber(mode: PredictionMode, bad: Double) {
        let width = mode == .multiclass || mode == .multilabel ? 2 : 1
        let truth: [Double] = mode == .multilabel ? [0, 1, 1, 0, 1, 0] : [0, 1, 0]
        let predictions = Predictions(
            mode: mode, width: width, truth: truth,
            probabilities: [bad] + Array(repeating: 0.25, count: 3 * width - 1))
        for result in predictions.evaluate(MetricCatalog.names(mode)) {
            #expect(result.value.number == nil, "\(result.name)")
        }
    }

    private static func hasTies(_ golden: Case) -> Bool {
        let columns = (0..<golden.width).map { column in
            stride(from: column, to: golden.probabilities.count, by: golden.width).map {
                golden.probabilities[$0]
            }
        }
        let rows = stride(from: 0, to: golden.probabilities.count, by: golden.width).map {
            golden.probabilities[$0..<($0 + golden.width)]
        }
        let tops = rows.compactMap { $0.max() }
        return (columns + [tops]).contains { Set($0).count < $0.count }
            || rows.contains { Set($0).count < $0.count }
    }

    private static func load(_ kind: String) -> [Case] {
        References.entries("metrics").filter { $0.lastPathComponent == "\(kind).json" }.flatMap {
            url -> [Case] in
            guard let mode = PredictionMode(rawValue: kind), let root = try? JSONValue.load(url) else {
                return []
            }
            return root["cases"].items.map { make($0, mode) }
        }
    }

    private static func make(_ entry: JSONValue, _ mode: PredictionMode) -> Case {
        let inputs = entry["inputs"]
        let shape = entry["shape"].numbers.map { Int($0) }
        var flat: [String: Expected] = [:]
        for (name, value) in entry["expected"].members {
            collect(name, value, shape.count == 1 && mode == .binary, &flat)
        }
        return Case(
            description: "\(mode.rawValue) \(entry["name"].text ?? "")", mode: mode,
            width: shape.count > 1 ? shape[1] : 1, truth: inputs["y_true"].numbers,
            probabilities: inputs["y_prob"].numbers, threshold: inputs["threshold"].number,
            isSingle: entry["dtype"].items.contains(.text("float32")), expected: flat)
    }

    /// One-dimensional inputs make the reference's ECE fail; ours are defined, so these are left out.
    private static func collect(
        _ name: String, _ value: JSONValue, _ isFlat: Bool, _ into: inout [String: Expected]
    ) {
        switch value {
        case .number(let number): into[name] = .number(number)
        case .text: into[name] = .failure
        case .object(let group) where group["error"] != nil:
            if !(isFlat && name.hasPrefix("ECE")) { into[name] = .failure }
        case .object(let group): for (inner, value) in group { collect(inner, value, isFlat, &into) }
        default: break
        }
    }
}

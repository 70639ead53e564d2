import ClinicalData
import Foundation
import Groundwork
import Processors
import Tasks
import TestSupport
import Testing

/// A processor as the reference implementation fitted it.
struct ProcessorCase: Sendable, CustomTestStringConvertible {
    let name: String
    let number: Int
    let json: JSONValue

    var testDescription: String { "\(name) \(number)" }

    /// Every case of every known processor without code mapping.
    static let all: [ProcessorCase] = References.entries("processors").flatMap { file -> [ProcessorCase] in
        let name = file.deletingPathExtension().lastPathComponent
        guard file.pathExtension == "json", ProcessorCatalog.names.contains(name), name != "ignore",
            let cases = try? JSONValue.load(file)
        else { return [] }
        return cases.items.enumerated().filter { $1["kwargs"]["code_mapping"] == .null }
            .map { ProcessorCase(name: name, number: $0, json: $1) }
    }

    /// The field with the case's options.
    var field: FieldSchema {
        let options = json["kwargs"].members.mapValues { value -> FieldOption in
            if let number = value.number { return .integer(Int(number)) }
            return .text((value.text ?? "").replacing("torch.", with: ""))
        }
        return FieldSchema("field", name, options)
    }
}

/// What processors learn and how they encode equals the reference implementation.
@Suite(.enabled(if: References.available)) struct GoldenProcessorTests {
    @Test(arguments: ProcessorCase.all) func learnsAndEncodesAsTheReference(one: ProcessorCase) throws {
        let values = one.json["fit_values"].items
        guard let samples = try RawColumn.samples(values, processor: one.name) else {
            // Values of mixed kinds do not get as far as a processor.
            return
        }
        var fitted = try FittedProcessors(inputs: [one.field], outputs: [])
        func fit() throws {
            if samples.count > 0 { try fitted.fit(samples, selecting: nil) }
            try fitted.finishFit()
        }
        if one.json["fit_error"].text != nil {
            #expect(throws: ProcessorError.self) { try fit() }
            return
        }
        // A data set without samples ends earlier; labels of an empty one have no vocabulary there either.
        try fit()
        try compareState(fitted, one)
        for (number, example) in one.json["cases"].items.enumerated() {
            try compare(fitted, example, one, "case \(number)")
        }
        let again = try JSONDecoder().decode(FittedProcessors.self, from: JSONEncoder().encode(fitted))
        for (number, example) in one.json["cases"].items.enumerated() {
            try compare(again, example, one, "case \(number) after saving")
        }
    }

    @Test func everyProcessorHasCases() {
        #expect(
            Set(ProcessorCase.all.map(\.name))
                .isSuperset(of: [
                    "sequence", "nested_sequence", "multi_hot", "binary", "multiclass", "multilabel",
                ]))
    }

    private func compareState(_ fitted: FittedProcessors, _ one: ProcessorCase) throws {
        let saved = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(fitted))
        let state = saved["fields"].items[0]["state"]
        let expected = one.json["state"]
        if case .list(let pairs) = expected["code_vocab"] {
            let own = state["vocabulary"].items.map { $0.text }
            #expect(own == pairs.map { $0.items[0].text }, "\(one.testDescription)")
        }
        if case .list(let pairs) = expected["label_vocab"] {
            let labels = state["vocabulary"]["texts"].items + state["vocabulary"]["numbers"].items
            #expect(labels == pairs.map { $0.items[0] }, "\(one.testDescription)")
        }
    }

    private func compare(
        _ fitted: FittedProcessors, _ example: JSONValue, _ one: ProcessorCase, _ what: String
    ) throws {
        guard let sample = try RawColumn.samples([example["input"]], processor: one.name) else { return }
        if example["error"].text != nil {
            // Visits of different lengths are ragged here, not an error.
            guard one.name != "nested_sequence" else { return }
            #expect(throws: ProcessorError.self, "\(one.testDescription), \(what)") {
                try fitted.encode(sample, rows: 0..<1)
            }
            return
        }
        let column = try #require(fitted.encode(sample, rows: 0..<1).first)
        let output = example["output"]
        let wanted = output["data"].number.map { [$0] } ?? output["data"].numbers
        switch one.name {
        case "text", "raw": compareText(column, example["output"])
        case "multi_hot", "multilabel":
            #expect(multiHot(column, width: wanted.count) == wanted, "\(one.testDescription), \(what)")
        case "nested_sequence":
            let shape = output["shape"].items.compactMap { $0.number.map { Int($0) } }
            #expect(padded(column, shape: shape) == wanted, "\(one.testDescription), \(what)")
        default:
            if output["data"].items.first?.text == "nan" {
                #expect(numbers(column).allSatisfy { $0.isNaN }, "\(one.testDescription), \(what)")
            } else {
                #expect(numbers(column) == wanted, "\(one.testDescription), \(what)")
            }
        }
    }

    private func compareText(_ column: EncodedColumn, _ expected: JSONValue) {
        guard case .text(let texts) = column.values, let text = expected.text else { return }
        #expect(texts == [text])
    }

    private func numbers(_ column: EncodedColumn) -> [Double] {
        switch column.values {
        case .int32(let values): values.map(Double.init)
        case .float32(let values): values.map(Double.init)
        case .text: []
        }
    }

    /// Class indices as zeros and ones.
    private func multiHot(_ column: EncodedColumn, width: Int) -> [Double] {
        var dense = [Double](repeating: 0, count: width)
        for index in numbers(column) { dense[Int(index)] = 1 }
        return dense
    }

    /// Ragged visits as the reference pads them; no visit is one row of padding there.
    private func padded(_ column: EncodedColumn, shape: [Int]) -> [Double] {
        let (rows, width) = (shape[0], shape[1])
        var dense = [Double](repeating: 0, count: rows * width)
        let values = numbers(column)
        for visit in 0..<(column.offsets[1].count - 1) {
            let range = Int(column.offsets[1][visit])..<Int(column.offsets[1][visit + 1])
            for (place, value) in values[range].enumerated() { dense[visit * width + place] = value }
        }
        return dense
    }
}

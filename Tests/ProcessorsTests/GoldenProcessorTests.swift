import ClinicalData
import Groundwork
import TestSupport
import Testing

@testable import Processors

/// State, size and tensors equal the reference implementation's on the same values, exactly.
@Suite(.enabled(if: References.available)) struct GoldenProcessorTests {
    /// `nested_multihot` has no case: the reference's release does not register it.
    private static let withoutCases = ["ignore", "nested_multihot"]
    /// Processors of which every value of every case can be held by a sample.
    private static let complete = [
        "cehr", "deep_nested_sequence", "deep_nested_sequence_floats", "nested_sequence_floats", "stagenet",
        "stagenet_tensor", "temporal_timeseries", "timeseries", "tuple_time_text",
    ]

    @Test(.enabled(if: !References.entries("processors").isEmpty)) func thereAreCasesOfEveryProcessorButTwo()
    {
        let expected = ProcessorCatalog.names.filter { !Self.withoutCases.contains($0) }
        #expect(Set(ProcessorCase.all.map(\.name)).isSuperset(of: expected))
    }

    @Test(arguments: ProcessorCase.all)
    func learnsAndEncodesAsTheReference(one: ProcessorCase) throws {
        guard var processor = try processor(one) else { return }
        do {
            try one.fit(&processor)
        } catch is NoFieldValue {
            #expect(!Self.complete.contains(one.name))
            return  // No sample can hold these values.
        } catch let error as any PyHealthError {
            let isRefused = one.content["fit_error"] != .null || isStricter(one)
            #expect(isRefused, "\(error.code)")
            #expect(error.code.hasPrefix("processor."))
            return
        }
        if one.content["fit_error"] != .null, let stagenet = processor as? StageNetProcessor {
            // The reference looks at the first code of the first sample only, and fails where there is none.
            #expect(stagenet.isNested == true)
            return
        }
        try #require(one.content["fit_error"] == .null, "the fit must fail")
        let isUndecidedThere = one.name == "stagenet_tensor" && one.content["size"] == .null
        #expect(isUndecidedThere || processor.size.map(Double.init) == one.content["size"].number)
        compareState(processor, one.content["state"])
        for value in one.content["cases"].items { try compare(processor, value) }
    }

    @Test(arguments: ProcessorCase.all.filter { !$0.content["after_ops"].items.isEmpty })
    func removesAddsAndRetainsTokensAsTheReference(one: ProcessorCase) throws {
        var processor = try one.make()
        try one.fit(&processor)
        for operation in one.content["after_ops"].items {
            let tokens = operation["arg"].text.map { [$0] } ?? operation["arg"].items.compactMap(\.text)
            processor = edit(processor) { vocabulary in
                switch operation["op"].text {
                case "remove": vocabulary.remove(Set(tokens.map(ExactText.init)))
                case "retain": vocabulary.retain(Set(tokens.map(ExactText.init)))
                default: for token in tokens { vocabulary.add(token) }
                }
            }
            compareState(processor, operation["state"])
            for value in operation["cases"].items { try compare(processor, value) }
        }
    }

    /// The processor; nil for an option that is refused here at once, and there with every value.
    private func processor(_ one: ProcessorCase) throws -> (any FeatureProcessor)? {
        do { return try one.make() } catch let error as ConfigurationError {
            #expect(error.code == "config.unknown-value")
            #expect(one.content["cases"].items.allSatisfy { $0["error"] != .null }, "\(error)")
            return nil
        }
    }

    /// Whether the fit here refuses what the reference accepts: a missing value among numbers, which the reference refuses
    /// to process, and numbers in place of codes.
    private func isStricter(_ one: ProcessorCase) -> Bool {
        switch one.name {
        case "tensor": one.content["fit_values"].items.contains(.null)
        case "sequence": !one.content["fit_values"].items.flatMap(\.numbers).isEmpty
        default: false
        }
    }

    private func edit(
        _ processor: any FeatureProcessor, _ change: (inout CodeVocabulary) -> Void
    ) -> any FeatureProcessor {
        if var sequence = processor as? SequenceProcessor {
            change(&sequence.vocabulary)
            return sequence
        }
        if var stagenet = processor as? StageNetProcessor {
            change(&stagenet.vocabulary)
            return stagenet
        }
        if var deep = processor as? DeepNestedSequenceProcessor {
            change(&deep.vocabulary)
            return deep
        }
        if var nested = processor as? NestedSequenceProcessor {
            change(&nested.vocabulary)
            return nested
        }
        Issue.record("no vocabulary of codes")
        return processor
    }

    private func compare(_ processor: any FeatureProcessor, _ one: JSONValue) throws {
        let name = type(of: processor).name
        if processor is CEHRProcessor, one["input"].items.contains(where: { $0.number != nil }) {
            // A sample does not hold texts beside numbers: they are compared one by one.
            for (item, wanted) in zip(one["input"].items, leaves(one["output"]["data"])) {
                let found = try processor.encode(column(of: .list([item]), for: name), rows: 0..<1)
                #expect(found.values == .int32([Int32(wanted)]))
            }
            return
        }
        guard let column = try? column(of: one["input"], for: name) else {
            #expect(!Self.complete.contains(name), "\(one)")
            return
        }
        let encoded = Result {
            (try processor.encode(column, rows: 0..<1), try processor.encodeTimes(column, rows: 0..<1))
        }
        switch encoded {
        case .failure(let error):
            #expect(one["error"] != .null, "\(one["input"]): \(error)")
            #expect((error as? any PyHealthError)?.code.hasPrefix("processor.") == true)
        case .success(let (found, times)):
            if let width = processor.cutWidth, column.innerLengths(0..<1).contains(where: { $0 > width }) {
                return compareCut(found, processor, width, one)
            }
            try #require(one["error"] == .null, "\(one["input"]) must be refused")
            compare(found, times, processor, one["output"])
        }
    }

    private func compare(
        _ found: EncodedColumn, _ times: EncodedColumn?, _ processor: any FeatureProcessor,
        _ output: JSONValue
    ) {
        var wanted = output
        if let times {
            let isTexts = processor is TupleTimeTextProcessor
            let isNamed = processor is TemporalTimeSeriesProcessor
            let wantedTimes = isNamed ? output["time"] : output.items[isTexts ? 1 : 0]
            #expect(times.values == .float32(leaves(wantedTimes["data"]).map { Float($0) }), "\(output)")
            #expect(times.name == "\(found.name).time")
            wanted = isNamed ? output["value"] : output.items[isTexts ? 0 : 1]
            if isTexts { #expect((processor as? TupleTimeTextProcessor)?.tag == output.items[2].text) }
        }
        if case .text(let texts) = found.values { return compareTexts(texts, wanted) }
        let dense = DenseTensor(found, processor)
        #expect(dense.shape == wanted["shape"].items.map { Int($0.number ?? -1) }, "\(output)")
        let numbers = leaves(wanted["data"])
        #expect(dense.values.map(\.bitPattern) == numbers.map { Float($0).bitPattern }, "\(output)")
    }

    /// A visit longer than any in the fit is cut; the reference gives a wider tensor, or none if there are others beside it.
    private func compareCut(
        _ found: EncodedColumn, _ processor: any FeatureProcessor, _ width: Int, _ one: JSONValue
    ) {
        let dense = DenseTensor(found, processor)
        #expect(dense.shape.last == width, "\(one)")
        guard one["error"] == .null else { return }
        let output = processor is StageNetProcessor ? one["output"].items[1] : one["output"]
        let wide = Int(output["shape"].items.last?.number ?? 1)
        let wanted = leaves(output["data"]).enumerated().filter { $0.offset % wide < width }.map(\.element)
        #expect(dense.values.map(\.bitPattern) == wanted.map { Float($0).bitPattern }, "\(one)")
    }

    /// Texts are kept; numbers are their texts, a null is the empty one.
    private func compareTexts(_ texts: [String], _ wanted: JSONValue) {
        switch wanted {
        case .list(let items):
            #expect(texts.count == items.count)
            for (text, item) in zip(texts, items) { compareText(text, item) }
        default:
            #expect(texts.count == 1)
            compareText(texts.first ?? "", wanted)
        }
    }

    private func compareText(_ text: String, _ wanted: JSONValue) {
        switch wanted {
        case .number(let number): #expect(Double(text) == number)
        case .null: #expect(text == "")
        default: #expect(text == wanted.text)
        }
    }

    /// Numbers depth first; texts stand for numbers that JSON cannot hold.
    private func leaves(_ value: JSONValue) -> [Double] {
        switch value {
        case .number(let number): [number]
        case .text(let text): [Double(text) ?? 0]
        case .list(let items): items.flatMap(leaves)
        default: []
        }
    }
}

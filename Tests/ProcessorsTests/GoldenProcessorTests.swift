import ClinicalData
import Groundwork
import TestSupport
import Testing

@testable import Processors

/// State, size and tensors equal the reference implementation's on the same values, exactly.
@Suite(.enabled(if: References.available)) struct GoldenProcessorTests {
    @Test func thereAreCasesOfEveryProcessorButIgnore() {
        #expect(
            Set(ProcessorCase.all.map(\.name)).sorted() == ProcessorCatalog.names.filter { $0 != "ignore" })
    }

    @Test(arguments: ProcessorCase.all)
    func learnsAndEncodesAsTheReference(one: ProcessorCase) throws {
        var processor = try one.make()
        do {
            try one.fit(&processor)
        } catch is NoFieldValue {
            return  // No sample can hold these values.
        } catch let error as any PyHealthError {
            let isRefused = one.content["fit_error"] != .null || isStricter(one)
            #expect(isRefused, "\(error.code)")
            #expect(error.code.hasPrefix("processor."))
            return
        }
        try #require(one.content["fit_error"] == .null, "the fit must fail")
        #expect(processor.size.map(Double.init) == one.content["size"].number)
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
                case "remove": vocabulary.remove(Set(tokens))
                case "retain": vocabulary.retain(Set(tokens))
                default: for token in tokens { vocabulary.add(token) }
                }
            }
            compareState(processor, operation["state"])
            for value in operation["cases"].items { try compare(processor, value) }
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
        if var nested = processor as? NestedSequenceProcessor {
            change(&nested.vocabulary)
            return nested
        }
        Issue.record("no vocabulary of codes")
        return processor
    }

    private func compareState(_ processor: any FeatureProcessor, _ state: JSONValue) {
        let codes = state["code_vocab"].items.map { $0.items.first?.text }
        let labels = state["label_vocab"].items.map { pair in
            pair.items.first?.text ?? pair.items.first?.number.map { "\(Int($0))" }
        }
        switch processor {
        case let one as SequenceProcessor: #expect(one.vocabulary.tokens == codes)
        case let one as NestedSequenceProcessor:
            #expect(one.vocabulary.tokens == codes)
            #expect(Double(one.width) == state["_max_inner_len"].number)
        case let one as BinaryProcessor: #expect(one.vocabulary.names == labels)
        case let one as MulticlassProcessor: #expect(one.vocabulary.names == labels)
        case let one as MultilabelProcessor: #expect(one.vocabulary.names == labels)
        case let one as MultiHotProcessor: #expect(one.vocabulary.names == labels)
        case let one as TensorProcessor:
            #expect(one.axes.map(Double.init) == state["_n_dim"].number)
            #expect(state["dtype"].text == "torch.\(one.dtype.rawValue)")
        default: #expect(state.members.isEmpty)
        }
    }

    private func compare(_ processor: any FeatureProcessor, _ one: JSONValue) throws {
        guard let column = try? column(of: one["input"]) else { return }
        let encoded = Result { try processor.encode(column, rows: 0..<1) }
        switch encoded {
        case .failure(let error):
            #expect(one["error"] != .null, "\(one["input"]): \(error)")
            #expect((error as? any PyHealthError)?.code.hasPrefix("processor.") == true)
        case .success(let found):
            if processor is NestedSequenceProcessor, one["error"] != .null {
                // The reference cannot pad a visit longer than any in the fit; here visits are not padded.
                #expect(
                    DenseTensor(found, processor).shape[1] > (processor as? NestedSequenceProcessor)?.width
                        ?? 0)
                return
            }
            try #require(one["error"] == .null, "\(one["input"]) must be refused")
            if case .text(let texts) = found.values { return compareTexts(texts, one) }
            let dense = DenseTensor(found, processor)
            #expect(dense.shape == one["output"]["shape"].items.map { Int($0.number ?? -1) }, "\(one)")
            let wanted = leaves(one["output"]["data"])
            #expect(dense.values.map(\.bitPattern) == wanted.map { Float($0).bitPattern }, "\(one)")
        }
    }

    /// Texts are kept; numbers are their texts, a null is the empty one.
    private func compareTexts(_ texts: [String], _ one: JSONValue) {
        let wanted = one["output"]
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

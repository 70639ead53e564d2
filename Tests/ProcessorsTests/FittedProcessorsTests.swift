import ClinicalData
import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Processors

/// Processors of a whole schema: fit, save, load, encode.
@Suite struct FittedProcessorsTests {
    private let inputs = [
        FieldSchema("codes", "sequence"), FieldSchema("visits", "nested_sequence", ["padding": 1]),
        FieldSchema("kinds", "multi_hot"), FieldSchema("vector", "tensor"), FieldSchema("note", "text"),
        FieldSchema("left", "ignore"),
    ]
    private let outputs = [FieldSchema("label", "binary")]

    private func samples() throws -> SampleColumns {
        let fields: [(String, String)] = [
            ("codes", #"[["a", null, "b"], [], ["c", "a"]]"#),
            ("visits", #"[[["x"], ["y", "x"]], null, [["z", "z", "z"]]]"#),
            ("kinds", #"[["k", "j"], ["k"], []]"#), ("vector", "[[1, 2.5], [3, 4], [5, 6]]"),
            ("note", #"["one", null, "two"]"#), ("left", #"["l", "m", "n"]"#), ("label", "[0, 1, 1]"),
        ]
        let columns = try fields.map { name, json in
            try column(of: JSONDecoder().decode([JSONValue].self, from: Data(json.utf8)), name: name)
        }
        return SampleColumns(
            patientIDs: ["1", "2", "3"], visitIDs: ["11", "12", "13"], fields: columns)
    }

    private func fitted(selecting: [Bool]? = nil) throws -> FittedProcessors {
        var processors = try FittedProcessors(inputs: inputs, outputs: outputs)
        try processors.fit(samples(), selecting: selecting)
        try processors.finishFit()
        return processors
    }

    @Test func encodesTheSameAfterSavingAndLoading() throws {
        let folder = try TemporaryFolder()
        let (first, second) = (folder.file("first.json"), folder.file("second.json"))
        let processors = try fitted()
        try processors.save(to: first)
        let loaded = try FittedProcessors.load(first)
        #expect(try loaded.encode(samples(), rows: 0..<3) == processors.encode(samples(), rows: 0..<3))
        #expect(loaded.mode == .binary)
        try loaded.save(to: second)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: first))
                == Data(contentsOf: URL(fileURLWithPath: second)))
        let state = try JSONValue.load(URL(fileURLWithPath: first))
        #expect(state["fields"].items.map { $0["name"].text } == (inputs + outputs).map(\.name))
    }

    /// é as one character and as e with an accent are two codes and two labels, as their bytes are.
    @Test func textsAreTheirBytes() throws {
        let (one, two) = ("\u{E9}", "e\u{301}")
        var vocabulary = CodeVocabulary()
        for code in [one, two, one] { vocabulary.add(code) }
        #expect(vocabulary.count == 4)
        #expect(vocabulary.index(of: one) == 2 && vocabulary.index(of: two) == 3)
        let json = "[\"\(one)\", \"\(two)\", \"\(one)\", \"x\"]"
        let labels = try column(
            of: JSONDecoder().decode([JSONValue].self, from: Data(json.utf8)), name: "label")
        var classes = LabelVocabulary()
        try classes.learn(labels, nil)
        #expect(classes.count == 3)
        #expect(classes.indices(labels, 0..<4) == [2, 0, 2, 1])
    }

    @Test func leavesIgnoredFieldsOut() throws {
        let columns = try fitted().encode(samples(), rows: 1..<3)
        #expect(columns.map(\.name) == ["codes", "visits", "kinds", "vector", "note", "label"])
        #expect(columns.allSatisfy { $0.sampleCount == 2 })
    }

    @Test func learnsFromTheSelectedSamplesOnly() throws {
        let processors = try fitted(selecting: [true, true, false])
        let sequence = try #require(processors.fields[0].processor as? SequenceProcessor)
        #expect(sequence.vocabulary.tokens == ["<pad>", "<unk>", "a", "b"])
        let nested = try #require(processors.fields[1].processor as? NestedSequenceProcessor)
        #expect(nested.longest == 2)
        let codes = try #require(processors.encode(samples(), rows: 2..<3).first)
        #expect(codes.values == .int32([1, 2]))
    }

    @Test(arguments: ["binary", "multiclass", "multilabel", "multi_hot"])
    func refusesAnUnknownLabelWithoutShowingIt(name: String) throws {
        let isList = name.hasPrefix("multi") && name != "multiclass"
        func value(_ text: String) -> JSONValue { isList ? .list([.text(text)]) : .text(text) }
        var processor = try ProcessorCatalog.make(FieldSchema("field", name))
        try processor.fit(column(of: [value("a"), value("b")]), selecting: nil)
        try processor.finishFit(field: "field")
        let error = #expect(throws: ProcessorError.self) {
            try processor.encode(column(of: value("canary-7391")), rows: 0..<1)
        }
        #expect(error?.code == "processor.unseen-labels")
        #expect(error?.message.contains("canary") == false)
    }

    /// Codes of the test samples need not be those of the training samples; what was stored does the same.
    @Test(arguments: ["multi_hot", "multilabel"])
    func listsLoseWhatAFitToAPartHasNotSeen(name: String) throws {
        let role: (inputs: [FieldSchema], outputs: [FieldSchema]) =
            name == "multilabel" ? ([], [FieldSchema("field", name)]) : ([FieldSchema("field", name)], [])
        var fitted = try FittedProcessors(inputs: role.inputs, outputs: role.outputs)
        func samples(_ lists: [[String]]) throws -> SampleColumns {
            let lists = try column(of: lists.map { .list($0.map(JSONValue.text)) })
            return SampleColumns(
                patientIDs: lists.offsets.isEmpty ? [] : (0..<lists.sampleCount).map(String.init),
                visitIDs: (0..<lists.sampleCount).map(String.init), fields: [lists])
        }
        let all = try samples([["b", "a"], ["c", "b", "c"]])
        try fitted.fit(all, selecting: [true, false])
        try fitted.fit(try samples([["a"]]), selecting: [true])
        try fitted.finishFit()
        let stored = try JSONDecoder().decode(FittedProcessors.self, from: JSONEncoder().encode(fitted))
        for processors in [fitted, stored] {
            let encoded = try #require(processors.encode(all, rows: 0..<2).first)
            #expect(encoded.values == .int32([0, 1, 1]) && encoded.offsets == [[0, 2, 3]])
            #expect(processors.unseenLabels(all, rows: 0..<2) == (name == "multilabel" ? ["field": 2] : [:]))
            #expect(processors.unseenLabels(all, rows: 0..<1).isEmpty)
        }
    }

    /// Without any class there is nothing to learn.
    @Test func trainingSamplesWithoutAnyOfSeveralLabelsAreRefused() throws {
        var processor = try ProcessorCatalog.make(FieldSchema("field", "multilabel"))
        try processor.fit(column(of: [.list([]), .list([.text("a")])]), selecting: [true, false])
        #expect(throws: ProcessorError.unseenLabels(field: "field", count: 1)) {
            try processor.finishFit(field: "field")
        }
    }

    @Test(arguments: ["binary", "multiclass"])
    func refusesAMissingLabel(name: String) throws {
        var processor = try ProcessorCatalog.make(FieldSchema("field", name))
        let labels = try column(of: [.number(0), .null])
        #expect(throws: ProcessorError.missingLabels(field: "field", count: 1)) {
            try processor.fit(labels, selecting: nil)
        }
    }

    @Test func refusesToEncodeLabelsBeforeTheFit() throws {
        let error = #expect(throws: ProcessorError.self) {
            try BinaryProcessor().encode(column(of: .number(1)), rows: 0..<1)
        }
        #expect(error?.code == "processor.unseen-labels")
    }

    @Test func refusesToEncodeAnIgnoredField() throws {
        #expect(throws: ProcessorError.ignored(field: "field")) {
            try IgnoreProcessor().encode(column(of: .text("a")), rows: 0..<1)
        }
    }

    @Test func refusesTensorsOfDifferentShapes() throws {
        var processor = TensorProcessor()
        try processor.fit(column(of: .list([.number(1), .number(2)])), selecting: nil)
        #expect(throws: ProcessorError.raggedTensor(field: "field")) {
            try processor.fit(column(of: .list([.number(1)])), selecting: nil)
        }
    }

    @Test(arguments: [
        "", "[1]", "{}", #"{"fields": [{"name": "f"}]}"#,
        #"{"fields": [{"name": "f", "role": "input", "processor": "nothing", "state": {}}]}"#,
        #"{"fields": [{"name": "f", "role": "input", "processor": "sequence", "state": {"vocabulary": ["a"]}}]}"#,
        #"{"fields": [{"name": "f", "role": "output", "processor": "binary", "state": {"vocabulary": {"numbers": [1, 0], "texts": []}}}]}"#,
    ])
    func refusesAStateThatIsNone(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("processors.json")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ProcessorError.self) { try FittedProcessors.load(path) }
        #expect(error?.code == "processor.bad-state")
        #expect(error?.message.contains(path) == true)
    }

    @Test func learnsTheSameHoweverTheSamplesAreCut() throws {
        let seed = UInt64.random(in: 0..<1 << 32)
        print("seed \(seed)")
        var random = RandomStream(seed: seed, purpose: .test)
        let lists = (0..<60).map { _ in
            JSONValue.list((0..<Int(random.next() % 6)).map { _ in .text("c\(random.next() % 20)") })
        }
        var whole = SequenceProcessor()
        try whole.fit(column(of: lists), selecting: nil)
        var cut = SequenceProcessor()
        var start = 0
        while start < lists.count {
            let end = min(lists.count, start + 1 + Int(random.next() % 9))
            try cut.fit(column(of: Array(lists[start..<end])), selecting: nil)
            start = end
        }
        #expect(whole == cut, "seed \(seed)")
    }
}

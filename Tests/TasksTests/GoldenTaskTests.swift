import ClinicalData
import Datasets
import Foundation
import Groundwork
import Processors
import TestSupport
import Testing

@testable import Tasks

/// A task that the reference implementation has run on a data set.
struct TaskCase: Sendable, CustomTestStringConvertible {
    let folder: URL
    let definition: DatasetDefinition

    var testDescription: String { folder.lastPathComponent }

    /// Every folder of a built-in data set and a known task without code mapping.
    static let all: [TaskCase] = References.entries("tasks").compactMap { folder in
        guard let meta = try? JSONValue.load(folder.appendingPathComponent("meta.json")),
            let kind = meta["dataset"].text?.lowercased().replacing("dataset", with: ""),
            let definition = try? DatasetDefinition.builtIn(kind), let task = meta["task"].text,
            TaskCatalog.names.contains(task), meta["task_args"]["code_mapping"] == .null
        else { return nil }
        return TaskCase(folder: folder, definition: definition)
    }

    func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// The lines of a JSON-lines file.
    func lines(_ name: String) throws -> [JSONValue] {
        try String(contentsOf: file(name), encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))
        }
    }
}

/// Samples, vocabularies and tensors equal the reference implementation's on the same tables, exactly.
@Suite(.enabled(if: References.available && References.dataAvailable)) struct GoldenTaskTests {
    @Test(arguments: TaskCase.all, [1000, 7])
    func samplesVocabulariesAndTensorsAreTheReferences(one: TaskCase, shardSize: Int) throws {
        let meta = try JSONValue.load(one.file("meta.json"))
        let task = try makeTask(yaml(meta))
        let root = try #require(References.dataFolder(meta["data"].text ?? ""))
        let events = try LoadedEvents(
            one.definition, tables: meta["dataset_args"]["tables"].items.compactMap(\.text),
            needs: task.neededAttributes, root: root.path, shardSize: shardSize)
        let found = try Extraction(task, events.shards)
        try compareSamples(found.samples, try one.lines("samples_canonical.jsonl"))
        #expect(found.attrition.isBalanced)
        var processors = try FittedProcessors(inputs: task.inputSchema, outputs: task.outputSchema)
        for part in found.parts where part.count > 0 { try processors.fit(part, selecting: nil) }
        try processors.finishFit()
        try compareVocabularies(processors, try JSONValue.load(one.file("processors_canonical.json")))
        let encoded = try found.parts.flatMap { part in
            try (0..<part.count).map { try processors.encode(part, rows: $0..<($0 + 1)) }
        }
        try compareTensors(encoded, try one.lines("processed_canonical.jsonl"))
    }

    @Test func thereAreCases() { #expect(!TaskCase.all.isEmpty) }

    private func yaml(_ meta: JSONValue) -> String {
        let options = meta["task_args"].members.map { name, value in
            "\(name): \(value.text ?? value.number.map { "\($0)" } ?? "\(value == .bool(true))")"
        }
        return (["name: \(meta["task"].text ?? "")"] + options).joined(separator: "\n")
    }

    private func compareSamples(_ found: [ReadableSample], _ expected: [JSONValue]) throws {
        try #require(found.count == expected.count)
        for (number, (sample, line)) in zip(found, expected).enumerated() {
            #expect(sample.patient == line["patient_id"].text, "sample \(number)")
            let visit = line["visit_id"].text ?? line["hadm_id"].text
            #expect(sample.visit == visit, "sample \(number)")
            for (field, codes) in sample.codes {
                #expect(codes == line[field].items.map(\.text), "sample \(number), \(field)")
            }
            for (field, label) in sample.labels {
                #expect(line[field].number == Double(label), "sample \(number), \(field)")
            }
        }
    }

    private func compareVocabularies(_ processors: FittedProcessors, _ expected: JSONValue) throws {
        let saved = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(processors))
        for field in saved["fields"].items {
            let name = field["name"].text ?? ""
            if field["role"].text == "input" {
                let codes = expected["input"][name]["code_vocab"].members.mapValues { Int($0.number ?? -1) }
                let own = field["state"]["vocabulary"].items.enumerated().map { ($1.text ?? "", $0) }
                #expect(Dictionary(uniqueKeysWithValues: own) == codes, "\(name)")
            } else {
                let labels = expected["output"][name]["label_vocab"].members
                #expect(!labels.isEmpty)
                let numbers = field["state"]["vocabulary"]["numbers"].items
                #expect(numbers.count == labels.count, "\(name)")
                for (index, label) in numbers.enumerated() {
                    #expect(labels["\(Int(label.number ?? -1))"]?.number == Double(index), "\(name)")
                }
            }
        }
    }

    private func compareTensors(_ encoded: [[EncodedColumn]], _ expected: [JSONValue]) throws {
        for line in expected {
            let index = Int(line["canonical_index"].number ?? -1)
            try #require(encoded.indices.contains(index))
            for column in encoded[index] {
                let tensor = line["sample"][column.name]
                #expect(tensor != .null, "\(column.name)")
                let numbers: [Double] =
                    switch column.values {
                    case .int32(let values): values.map(Double.init)
                    case .float32(let values): values.map(Double.init)
                    case .text: []
                    }
                let wanted = tensor["data"].number.map { [$0] } ?? tensor["data"].numbers
                #expect(numbers == wanted, "sample \(index), \(column.name)")
            }
        }
        #expect(!expected.isEmpty)
    }
}

import ClinicalData
import Datasets
import DelimitedText
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

    /// Every folder of a built-in data set and a known task.
    static let all: [TaskCase] = References.entries("tasks").compactMap { folder in
        guard let meta = try? JSONValue.load(folder.appendingPathComponent("meta.json")),
            let kind = meta["dataset"].text?.lowercased().replacing("dataset", with: ""),
            let definition = try? DatasetDefinition.builtIn(kind), let task = meta["task"].text,
            TaskCatalog.names.contains(task)
        else { return nil }
        return TaskCase(folder: folder, definition: definition)
    }

    func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// The lines of a JSON-lines file, plain or compressed.
    func lines(_ name: String) throws -> [JSONValue] {
        let reader = try ByteSources.open(ByteSources.resolve(file(name).path))
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while case let count = try reader.read(into: buffer), count > 0 { bytes += buffer[0..<count] }
        return try bytes.split(separator: 0x0A).map {
            try JSONDecoder().decode(JSONValue.self, from: Data($0))
        }
    }

    /// The run file's section for the task, with every code map that is at hand.
    func section(_ meta: JSONValue) -> String {
        let options = meta["task_args"].members.sorted { $0.key < $1.key }.map { "\($0): \(yaml($1))" }
        return (["name: \(meta["task"].text ?? "")"] + options + codeMaps(meta)).joined(separator: "\n")
    }

    private func codeMaps(_ meta: JSONValue) -> [String] {
        let mapping = meta["task_args"]["code_mapping"]
        let needsMaps = mapping != .null || (meta["task"].text ?? "").hasPrefix("DrugRecommendationMIMIC")
        guard needsMaps else { return [] }
        let medicalCodes = References.data.flatMap { base -> [URL] in
            let folder = base.appendingPathComponent("medcode")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().map { folder.appendingPathComponent($0) }
        }
        let wanted =
            mapping == .null
            ? ["NDC_to_ATC"]
            : mapping.members.values.map { $0.items.compactMap(\.text).joined(separator: "_to_") }.sorted()
        let maps = wanted.compactMap { name in
            (References.entries("tasks/fixtures") + medicalCodes).first {
                $0.lastPathComponent == "\(name).csv"
            }.map { "  \(name): \"\($0.path)\"" }
        }
        return ["code_maps:"] + maps
    }

    private func yaml(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .text(let text): "\"\(text)\""
        case .list(let items): "[\(items.map(yaml).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0): \(yaml($1))" }.joined(separator: ", "))}"
        }
    }
}

/// Samples, vocabularies and tensors equal the reference implementation's on the same tables, exactly.
@Suite(.enabled(if: References.available && References.dataAvailable)) struct GoldenTaskTests {
    @Test(arguments: TaskCase.all, [1000, 7])
    func samplesVocabulariesAndTensorsAreTheReferences(one: TaskCase, shardSize: Int) throws {
        let meta = try JSONValue.load(one.file("meta.json"))
        let task = try makeTask(one.section(meta))
        let root = try #require(References.dataFolder(meta["data"].text ?? ""))
        let requested =
            meta["dataset_args"]["tables"].items.compactMap(\.text) + task.requirements.map(\.table)
        let events = try LoadedEvents(
            one.definition, tables: requested, needs: task.neededAttributes, root: root.path,
            shardSize: shardSize)
        let found = try Extraction(task, events.shards)
        let schema = task.inputSchema + task.outputSchema
        try compareSamples(found.samples, try one.lines("samples_canonical.jsonl"), schema, task.name)
        #expect(found.attrition.isBalanced)
        guard found.attrition.samplesOut > 0, meta["set_task_error"] == .null else { return }
        var processors = try FittedProcessors(inputs: task.inputSchema, outputs: task.outputSchema)
        for part in found.parts where part.count > 0 { try processors.fit(part, selecting: nil) }
        try processors.finishFit()
        let isUnordered = Self.unordered.contains(task.name)
        try compareVocabularies(
            processors, try JSONValue.load(one.file("processors_canonical.json")), isUnordered)
        guard !isUnordered else { return }
        try compareTensors(processors, found.parts, try one.lines("processed_canonical.jsonl"))
    }

    @Test func thereAreCases() { #expect(!TaskCase.all.isEmpty) }

    /// Tasks in which the reference leaves the order of a list to a hash set; here it is sorted.
    private static let unordered = ["MortalityPredictionEICU2"]
    /// Fields that have another name here than in the reference.
    private static let renamed = ["ehrshot_split": "split"]
    private static let visitKeys = ["visit_id", "hadm_id", "admission_id"]

    private func compareSamples(
        _ found: [ReadableSample], _ expected: [JSONValue], _ schema: [FieldSchema], _ task: String
    ) throws {
        try #require(found.count == expected.count)
        for (number, (sample, line)) in zip(found, expected).enumerated() {
            if let patient = line["patient_id"].text {
                #expect(sample.patient == patient, "sample \(number)")
            }
            if let key = Self.visitKeys.first(where: { line[$0] != .null && sample.values[$0] == nil }) {
                let visit = line[key].text ?? line[key].number.map { "\(Int($0))" } ?? ""
                #expect(sample.visit == visit, "sample \(number)")
            }
            for field in schema {
                let isUnordered =
                    field.processor == "multilabel" || Self.unordered.contains(task)
                    || field.processor == "multi_hot"
                let (own, wanted) = (
                    sample.values[field.name] ?? .null, line[Self.renamed[field.name] ?? field.name]
                )
                #expect(
                    agree(own, wanted, field, isUnordered),
                    "sample \(number), \(field.name): \(difference(own, wanted))")
            }
        }
    }

    /// The first place in which two values differ, for messages.
    private func difference(_ a: JSONValue, _ b: JSONValue) -> String {
        if case .list(let own) = a, case .list(let wanted) = b {
            if own.count != wanted.count { return "\(own.count) entries, expected \(wanted.count)" }
            for (i, (x, y)) in zip(own, wanted).enumerated() where !agree(x, y) {
                return "entry \(i): \(difference(x, y))"
            }
        }
        return "\(a) is not \(b)"
    }

    private func agree(
        _ own: JSONValue, _ wanted: JSONValue, _ field: FieldSchema, _ isUnordered: Bool
    ) -> Bool {
        if field.processor == "timeseries" || field.processor == "temporal_timeseries" {
            let times = own.items.first?.items.map { time in
                JSONValue.text(Timestamp(milliseconds: Int64(time.number ?? 0)).text)
            }
            return times == wanted.items.first?.items
                && agree(matrix: own.items.last ?? .null, wanted.items.last ?? .null)
        }
        guard isUnordered else { return agree(own, wanted) }
        return own.items.map { "\($0)" }.sorted() == wanted.items.map { "\($0)" }.sorted()
    }

    /// Whether a matrix equals one of the reference, which keeps head and tail of large ones.
    private func agree(matrix own: JSONValue, _ wanted: JSONValue) -> Bool {
        guard wanted["shape"] != .null else { return agree(own, wanted) }
        let shape = wanted["shape"].items.map(\.number)
        guard shape == [own.items.count, own.items.first?.items.count].map({ $0.map(Double.init) }) else {
            return false
        }
        if wanted["data"] != .null { return agree(own, wanted["data"]) }
        let (cells, head) = (own.items.flatMap(\.items), wanted["head"].items)
        let tail = wanted["tail"].items
        return !head.isEmpty && agree(.list(Array(cells.prefix(head.count))), .list(head))
            && agree(.list(Array(cells.suffix(tail.count))), .list(tail))
    }

    /// Whether two values are equal; numbers to a relative 1e-12 (means depend on the order of addition), missing ones and
    /// texts of numbers that JSON cannot hold as such.
    private func agree(_ own: JSONValue, _ wanted: JSONValue) -> Bool {
        switch (own, wanted) {
        case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { agree($0, $1) }
        case (.number(let a), .number(let b)): a == b || abs(a - b) <= 1e-12 * abs(b)
        case (.number(let a), .text("nan")): a.isNaN
        case (.null, .text("nan")): true
        case (.number(let a), .bool(let b)): a == (b ? 1 : 0)
        default: own == wanted
        }
    }

    private func compareVocabularies(
        _ processors: FittedProcessors, _ expected: JSONValue, _ isUnordered: Bool
    ) throws {
        let saved = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(processors))
        for field in saved["fields"].items {
            let name = field["name"].text ?? ""
            let isInput = field["role"].text == "input"
            let wanted = expected[isInput ? "input" : "output"][name]
            if case .list(let tokens) = field["state"]["vocabulary"] {
                let codes = wanted["code_vocab"].members.mapValues { Int($0.number ?? -1) }
                let own = tokens.enumerated().map { ($1.text ?? "", $0) }
                if isUnordered {
                    #expect(Set(own.map(\.0)) == Set(codes.keys), "\(name)")
                } else {
                    #expect(Dictionary(uniqueKeysWithValues: own) == codes, "\(name)")
                }
                continue
            }
            let labels = wanted["label_vocab"].members
            let vocabulary = field["state"]["vocabulary"]
            guard vocabulary != .null else { continue }
            let values = vocabulary["numbers"].items + vocabulary["texts"].items
            #expect(values.count == labels.count, "\(name)")
            for (index, label) in values.enumerated() {
                let key = label.text ?? label.number.map { "\(Int($0))" } ?? ""
                #expect(labels[key]?.number == Double(index), "\(name)")
            }
        }
    }

    private func compareTensors(
        _ processors: FittedProcessors, _ parts: [SampleColumns], _ expected: [JSONValue]
    ) throws {
        let places = parts.indices.flatMap { part in (0..<parts[part].count).map { (part, $0) } }
        for line in expected {
            let index = Int(line["canonical_index"].number ?? -1)
            try #require(places.indices.contains(index))
            let (part, row) = places[index]
            let encoded = try processors.encode(parts[part], rows: row..<(row + 1))
            for column in encoded where !column.name.hasSuffix(".time") {
                guard let field = processors.fields.first(where: { $0.name == column.name }) else { continue }
                let wanted = line["sample"][column.name]
                if case .text = column.values { continue }
                let times = encoded.first { $0.name == "\(column.name).time" }
                if let times, case .list(let pair) = wanted {
                    #expect(
                        numbers(times) == pair.first?["data"].numbers ?? [], "sample \(index), \(column.name)"
                    )
                    compare(column, field.processor, pair.last ?? .null, index)
                } else {
                    compare(
                        column, field.processor, wanted["value"] == .null ? wanted : wanted["value"], index)
                }
            }
        }
        #expect(!expected.isEmpty)
    }

    private func numbers(_ column: EncodedColumn) -> [Double] {
        if case .float32(let values) = column.values { values.map(Double.init) } else { [] }
    }

    /// Compares one tensor; of a large one the reference keeps head and tail.
    private func compare(
        _ column: EncodedColumn, _ processor: any FeatureProcessor, _ wanted: JSONValue, _ index: Int
    ) {
        let dense = DenseTensor(column, processor)
        let place: Comment = "sample \(index), \(column.name)"
        #expect(dense.shape == wanted["shape"].items.map { Int($0.number ?? -1) }, place)
        func bits(_ numbers: [Double]) -> [UInt32] { numbers.map { Float($0).bitPattern } }
        let own = dense.values.map(\.bitPattern)
        if wanted["data"] != .null {
            let data = wanted["data"].number.map { [$0] } ?? wanted["data"].numbers
            #expect(own == bits(data), place)
        } else {
            let (head, tail) = (wanted["head"].numbers, wanted["tail"].numbers)
            #expect(!head.isEmpty && Array(own.prefix(head.count)) == bits(head), place)
            #expect(Array(own.suffix(tail.count)) == bits(tail), place)
        }
    }
}

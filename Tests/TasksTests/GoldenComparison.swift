import ClinicalData
import Foundation
import Processors
import TestSupport
import Testing

@testable import Tasks

/// Compares what a task gave with what the reference gave.
struct GoldenComparison {
    private let task: String
    private let schema: [FieldSchema]

    init(_ task: any ClinicalTask) {
        (self.task, schema) = (task.name, task.inputSchema + task.outputSchema)
    }

    /// Tasks in which the reference leaves the order of a list to a hash set; here it is sorted.
    private static let unordered = ["MortalityPredictionEICU2"]
    /// Fields that have another name here than in the reference.
    private static let renamed = [
        "ehrshot_split": "split", "query_visit_id": "visit_id", "query_patient_id": "patient_id",
    ]
    private static let visitKeys = ["visit_id", "hadm_id", "admission_id", "note_id"]

    private var isUnordered: Bool { Self.unordered.contains(task) }

    /// Compares raw samples with the lines of the reference's file.
    func samples(_ found: [ReadableSample], _ expected: [JSONValue]) throws {
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
                let isSet =
                    field.processor == "multilabel" || isUnordered
                    || field.processor == "multi_hot"
                let (own, wanted) = (
                    sample.values[field.name] ?? .null, line[Self.renamed[field.name] ?? field.name]
                )
                #expect(
                    agree(own, wanted, field, isSet),
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

    /// Compares vocabularies and classes of labels.
    func vocabularies(_ processors: FittedProcessors, _ expected: JSONValue) throws {
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

    /// Compares the first samples as tensors; a task without an order of its own has none to compare.
    func tensors(
        _ processors: FittedProcessors, _ parts: [SampleColumns], _ expected: [JSONValue]
    ) throws {
        guard !isUnordered else { return }
        let places = parts.indices.flatMap { part in (0..<parts[part].count).map { (part, $0) } }
        for line in expected {
            let index = Int(line["canonical_index"].number ?? -1)
            try #require(places.indices.contains(index))
            let (part, row) = places[index]
            let encoded = try processors.encode(parts[part], rows: row..<(row + 1))
            for column in encoded where !column.name.hasSuffix(".time") {
                guard let field = processors.fields.first(where: { $0.name == column.name }) else { continue }
                let wanted = line["sample"][column.name]
                if case .text(let texts) = column.values {
                    if let text = wanted.text { #expect(texts == [text], "sample \(index), \(column.name)") }
                    continue
                }
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

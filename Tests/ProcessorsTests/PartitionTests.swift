import ClinicalData
import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Processors

/// What a processor learns and gives does not depend on how the samples are cut into parts.
@Suite struct PartitionTests {
    /// The kinds of raw values that processors with several levels or with times take.
    private static let kinds: [(processor: String, value: @Sendable (inout RandomStream) -> JSONValue)] = [
        ("nested_sequence", { codeLists(&$0) }), ("nested_multihot", { codeLists(&$0) }),
        ("nested_sequence_floats", { numberLists(&$0) }),
        ("deep_nested_sequence", { random in .list(some(&random) { codeLists(&$0) }) }),
        ("deep_nested_sequence_floats", { random in .list(some(&random) { numberLists(&$0) }) }),
        ("stagenet", { timed(&$0) { codeLists(&$0) } }),
        ("stagenet", { timed(&$0) { .list(some(&$0) { code(&$0) }) } }),
        ("stagenet_tensor", { timed(&$0) { .list(some(&$0, least: 1) { row(&$0) }) } }),
        ("stagenet_tensor", { timed(&$0) { .list(some(&$0) { number(&$0) }) } }),
        ("timeseries", { series(&$0) { row(&$0) } }), ("temporal_timeseries", { series(&$0) { row(&$0) } }),
        ("temporal_timeseries", { series(&$0) { number(&$0) } }),
        ("tuple_time_text", { timed(&$0, textsFirst: true) { .list(some(&$0) { code(&$0) }) } }),
        ("cehr", { .list(some(&$0) { .text("c\($0.next() % 9)") }) }),
    ]

    @Test(arguments: kinds.indices)
    func neitherStateNorResultDependsOnTheCut(kind: Int) throws {
        let (name, value) = Self.kinds[kind]
        let seed = UInt64.random(in: 0..<1 << 32)
        var random = RandomStream(seed: seed, purpose: .test)
        let values = (0..<40).map { _ in value(&random) }
        let selecting = values.map { _ in random.next() % 3 > 0 }
        let whole = try column(of: values, for: name)
        var processor = try ProcessorCatalog.make(FieldSchema("field", name))
        try processor.fit(whole, selecting: selecting)
        try processor.finishFit(field: "field")
        var cut = try ProcessorCatalog.make(FieldSchema("field", name))
        let starts = Self.starts(values.count, &random)
        for (start, end) in zip(starts, starts.dropFirst()) {
            let part = try column(of: Array(values[start..<end]), for: name)
            try cut.fit(part, selecting: Array(selecting[start..<end]))
        }
        try cut.finishFit(field: "field")
        #expect(try Self.json(processor) == Self.json(cut), "\(name), seed \(seed)")

        let expected = [
            try processor.encode(whole, rows: 0..<values.count),
            try processor.encodeTimes(whole, rows: 0..<values.count),
        ]
        var found: [EncodedColumn?] = [nil, nil]
        for (start, end) in zip(starts, starts.dropFirst()) {
            let part = try column(of: Array(values[start..<end]), for: name)
            let loaded = try Self.copy(cut)
            found[0] = Self.joined(found[0], try loaded.encode(part, rows: 0..<part.sampleCount))
            found[1] = Self.joined(found[1], try loaded.encodeTimes(part, rows: 0..<part.sampleCount))
        }
        for (own, wanted) in zip(found, expected) {
            #expect(own.map(Readable.init) == wanted.map(Readable.init), "\(name), seed \(seed)")
        }
        #expect((expected[1] != nil) == processor.hasTimes)
    }

    /// An encoded column with its numbers as bits, so that NaN equals NaN.
    private struct Readable: Equatable {
        let name: String
        let offsets: [[Int64]]
        let shape: [Int]
        let values: [String]

        init(_ column: EncodedColumn) {
            name = column.name
            offsets = column.offsets
            shape = column.shape
            switch column.values {
            case .int32(let list): values = list.map { "\($0)" }
            case .float32(let list): values = list.map { $0.isNaN ? "nan" : "\($0.bitPattern)" }
            case .text(let list): values = list
            }
        }
    }

    private static func json(_ processor: any FeatureProcessor) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(processor)
    }

    private static func copy<Processor: FeatureProcessor>(
        _ processor: Processor
    ) throws -> any FeatureProcessor {
        try JSONDecoder().decode(Processor.self, from: json(processor))
    }

    private static func joined(_ first: EncodedColumn?, _ second: EncodedColumn?) -> EncodedColumn? {
        guard var joined = first, let second else { return second }
        for level in joined.offsets.indices {
            let end = joined.offsets[level].last ?? 0
            joined.offsets[level] += second.offsets[level].dropFirst().map { $0 + end }
        }
        switch (joined.values, second.values) {
        case (.int32(let a), .int32(let b)): joined.values = .int32(a + b)
        case (.float32(let a), .float32(let b)): joined.values = .float32(a + b)
        case (.text(let a), .text(let b)): joined.values = .text(a + b)
        default: Issue.record("two kinds of values")
        }
        if joined.shape != second.shape { Issue.record("shapes \(joined.shape) and \(second.shape)") }
        joined.sampleCount += second.sampleCount
        return joined
    }

    private static func starts(_ count: Int, _ random: inout RandomStream) -> [Int] {
        var starts = [0]
        while let last = starts.last, last < count {
            starts.append(min(count, last + 1 + Int(random.next() % 4)))
        }
        return starts
    }

    private static func some(
        _ random: inout RandomStream, least: Int = 0, _ one: (inout RandomStream) -> JSONValue
    ) -> [JSONValue] {
        (0..<(least + Int(random.next() % 4))).map { _ in one(&random) }
    }

    private static func code(_ random: inout RandomStream) -> JSONValue {
        let number = random.next() % 12
        return number == 0 ? .null : .text("c\(number)")
    }

    private static func codeLists(_ random: inout RandomStream) -> JSONValue {
        // The last visit is never empty, so that every sample tells that it is nested.
        .list(
            some(&random) { .list(some(&$0) { code(&$0) }) } + [.list(some(&random, least: 1) { code(&$0) })])
    }

    private static func number(_ random: inout RandomStream) -> JSONValue {
        let number = random.next() % 10
        return number == 0 ? .null : number == 1 ? .text("nan") : .number(Double(number) / 4)
    }

    private static func numberLists(_ random: inout RandomStream) -> JSONValue {
        .list(some(&random) { .list(some(&$0) { number(&$0) }) } + [.list([number(&random), .number(1)])])
    }

    private static func row(_ random: inout RandomStream) -> JSONValue {
        .list((0..<3).map { _ in number(&random) })
    }

    /// Entries with a time each, or without times.
    private static func timed(
        _ random: inout RandomStream, textsFirst: Bool = false, _ make: (inout RandomStream) -> JSONValue
    ) -> JSONValue {
        let entries = make(&random)
        let times = entries.items.indices.map { JSONValue.number(Double($0) * 1.5) }
        let list = random.next() % 4 == 0 ? JSONValue.null : .list(times)
        return .object(["tuple": .list(textsFirst ? [entries, list] : [list, entries])])
    }

    private static func series(
        _ random: inout RandomStream, _ make: (inout RandomStream) -> JSONValue
    ) -> JSONValue {
        let entries = some(&random, least: 1, make)
        let times = entries.indices.map { JSONValue.number(Double($0) * 2_000_000) }
        return .object(["tuple": .list([.list(times), .list(entries)])])
    }
}

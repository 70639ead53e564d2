import ClinicalData
import Groundwork
import TestSupport
import Testing

@testable import Processors

/// Where fields with times and nested fields differ from the reference, and what they refuse.
@Suite struct TimedProcessorTests {
    private func series(
        _ times: [[Double]], _ rows: [[Double]], levels: Int = 2, name: String = "field"
    ) -> FieldColumn {
        let ends = times.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        let inner = rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        return FieldColumn(
            name: name, offsets: levels == 2 ? [ends, inner] : [ends], leaves: .numbers(rows.flatMap { $0 }),
            times: .init(offsets: ends, values: times.flatMap { $0 }))
    }

    private func make(_ name: String, _ options: [String: FieldOption] = [:]) throws -> any FeatureProcessor {
        try ProcessorCatalog.make(FieldSchema("field", name, options))
    }

    private let hour = 3_600_000.0

    @Test func aTemporalSeriesHonoursTheStrategyZeroAndTellsHours() throws {
        let column = series([[0, 2 * hour]], [[1, .nan], [.nan, 4]])
        let processor = try make(
            "temporal_timeseries", ["impute_strategy": "zero", "sampling_rate": 1800])
        let encoded = try processor.encode(column, rows: 0..<1)
        #expect(encoded.values == .float32([1, 0, 0, 0, 0, 0, 0, 0, 0, 4]))
        let times = try processor.encodeTimes(column, rows: 0..<1)
        #expect(times?.values == .float32([0, 0.5, 1, 1.5, 2]) && times?.name == "field.time")
    }

    @Test(arguments: ["timeseries", "temporal_timeseries"])
    func aSeriesWithoutAnyTimeIsRefused(name: String) throws {
        let error = #expect(throws: ProcessorError.self) {
            try make(name).encode(series([[0], [], []], [[1]]), rows: 0..<3)
        }
        #expect(error == .emptySeries(field: "field", samples: 2))
        #expect(error?.code == "processor.empty-series")
    }

    @Test func timesThatCannotBeASeriesAreRefused() throws {
        let bad = ProcessorError.badTimes(field: "field", samples: 1)
        let processor = try make("timeseries")
        for times in [[hour, 0], [0, .nan], [0, .infinity], [1, 0]] {
            #expect(throws: bad) { try processor.encode(series([times], [[1], [2]]), rows: 0..<1) }
        }
        var short = series([[0, hour]], [[1], [2]])
        short.times = .init(offsets: [0, 1], values: [0])
        #expect(throws: bad) { try processor.encode(short, rows: 0..<1) }
        #expect(bad.code == "processor.bad-times")
    }

    @Test func aSeriesOfMoreStepsThanMemoryHoldsIsRefused() throws {
        let error = #expect(throws: ProcessorError.self) {
            try make("timeseries", ["sampling_rate": 0.001])
                .encode(series([[0, 1e15]], [[1], [2]]), rows: 0..<1)
        }
        #expect(error?.code == "processor.too-many-steps")
    }

    @Test func plainNumbersAreNoRowsForATimeSeries() throws {
        let error = #expect(throws: ProcessorError.self) {
            try make("timeseries").encode(series([[0, 1]], [[1, 2]], levels: 1), rows: 0..<1)
        }
        #expect(error?.code == "processor.wrong-kind")
    }

    @Test(arguments: ["timeseries", "temporal_timeseries", "stagenet_tensor"])
    func rowsOfDifferentWidthsAreRefusedInTheFitOfAllSamples(name: String) throws {
        let ragged = ProcessorError.raggedTensor(field: "field")
        var processor = try make(name)
        #expect(throws: ragged) {
            try processor.fit(series([[0], [0]], [[1], [1, 2]]), selecting: [true, false])
        }
        try processor.fit(series([[0]], [[1, 2]]), selecting: nil)
        #expect(throws: ragged) { try processor.fit(series([[0]], [[1]]), selecting: [false]) }
        #expect(processor.size == 2)
    }

    @Test func aStageNetTensorLearnsItsWidthFromAnySample() throws {
        var processor = try make("stagenet_tensor")
        try processor.fit(series([[]], []), selecting: nil)
        #expect(processor.size == nil)
        try processor.fit(series([[0]], [[.nan, 1]]), selecting: [false])
        #expect(processor.size == 2)
        let empty = try processor.encode(series([[], []], []), rows: 0..<2)
        #expect(empty.shape == [2] && empty.offsets == [[0, 0, 0]])
    }

    @Test func aVisitLongerThanAnyOfTheFitIsCutAndCounted() throws {
        var fitted = try FittedProcessors(
            inputs: [
                FieldSchema("codes", "stagenet", ["padding": 1]), FieldSchema("visits", "nested_sequence"),
                FieldSchema("numbers", "nested_sequence_floats"),
            ], outputs: [])
        func samples(_ codes: [String], _ count: Int) throws -> SampleColumns {
            let list = JSONValue.list(codes.map { .text($0) })
            let timed = JSONValue.object(["tuple": .list([.list([.number(0)]), .list([list])])])
            let numbers = JSONValue.list([.list((0..<count).map { .number(Double($0)) })])
            return SampleColumns(
                patientIDs: ["p"], visitIDs: ["v"],
                fields: [
                    try column(of: [timed], name: "codes", for: "stagenet"),
                    try column(of: [.list([list])], name: "visits"),
                    try column(of: [numbers], name: "numbers", for: "nested_sequence_floats"),
                ])
        }
        try fitted.fit(samples(["a", "b"], 2), selecting: nil)
        try fitted.finishFit()
        #expect(try fitted.cuts(samples(["a", "b"], 2), rows: 0..<1).isEmpty)
        #expect(try fitted.empties(samples(["a", "b"], 2), rows: 0..<1).isEmpty)
        #expect(try fitted.empties(samples([], 0), rows: 0..<1).keys.contains("codes"))
        let longer = try samples(["b", "a", "b", "a"], 3)
        #expect(fitted.cuts(longer, rows: 0..<1) == ["codes": 1, "visits": 1, "numbers": 1])
        let columns = try fitted.encode(longer, rows: 0..<1)
        #expect(columns.map(\.name) == ["codes", "codes.time", "visits", "numbers"])
        #expect(columns[0].values == .int32([3, 2, 3]) && columns[2].values == .int32([3, 2]))
        #expect(columns[3].values == .float32([0, 1]))
    }

    @Test func codesAndListsOfCodesInOneStageNetFieldAreRefused() throws {
        func timed(_ json: JSONValue) throws -> FieldColumn {
            try column(of: .object(["tuple": .list([.null, json])]), for: "stagenet")
        }
        let (flat, nested) = (JSONValue.list([.text("a")]), JSONValue.list([.list([.text("a")])]))
        for pair in [[flat, nested], [nested, flat]] {
            var processor = try make("stagenet")
            try processor.fit(timed(.list([])), selecting: nil)
            try processor.fit(timed(pair[0]), selecting: nil)
            let error = #expect(throws: ProcessorError.self) {
                try processor.fit(timed(pair[1]), selecting: nil)
            }
            #expect(error?.code == "processor.wrong-kind")
        }
    }

    @Test func timesThatAreNotOnePerEntryAreRefused() throws {
        let value = JSONValue.object([
            "tuple": .list([.list([.number(1)]), .list([.text("a"), .text("b")])])
        ])
        let processor = try make("stagenet")
        let error = #expect(throws: ProcessorError.self) {
            try processor.encodeTimes(column(of: value, for: "stagenet"), rows: 0..<1)
        }
        #expect(error == .badTimes(field: "field", samples: 1))
    }

    @Test func nestedMultiHotHasEveryCodeOnceAndUnknownOnesInColumnOne() throws {
        var processor = try make("nested_multihot", ["padding": 3])
        let visits = JSONValue.list([.list([.text("b"), .text("a"), .text("b")]), .list([])])
        try processor.fit(column(of: visits), selecting: nil)
        #expect(processor.size == 4)
        let later = JSONValue.list([
            .list([.text("a"), .text("b"), .text("a")]), .list([.text("z"), .null]),
        ])
        let encoded = try processor.encode(column(of: later), rows: 0..<1)
        #expect(encoded.values == .int32([2, 3, 1]) && encoded.offsets == [[0, 2], [0, 2, 3]])
        let dense = DenseTensor(encoded, processor)
        #expect(dense.shape == [2, 4] && dense.values == [0, 0, 1, 1, 0, 1, 0, 0])
        let empty = DenseTensor(try processor.encode(column(of: .list([])), rows: 0..<1), processor)
        #expect(empty.shape == [1, 4] && empty.values == [0, 0, 0, 0])
    }

    @Test func missingConceptKeysAreCounted() throws {
        let error = #expect(throws: ProcessorError.self) {
            try make("cehr").encode(column(of: .list([.text("a"), .null])), rows: 0..<1)
        }
        #expect(error == .missingCodes(field: "field", count: 1))
    }

    @Test(arguments: [
        ("timeseries", ["sampling_rate": "1h"] as [String: FieldOption], "config.type"),
        ("timeseries", ["sampling_rate": 0], "config.range"),
        ("timeseries", ["sampling_rate": .number(.nan)], "config.range"),
        ("temporal_timeseries", ["impute_strategy": "mean"], "config.unknown-value"),
        ("nested_sequence_floats", ["forward_fill": 1], "config.type"),
        ("deep_nested_sequence_floats", ["padding": 1], "config.unknown-key"),
        ("stagenet", ["padding": 0.5], "config.type"), ("cehr", ["max_len": 0], "config.range"),
        ("tuple_time_text", ["type_tag": true], "config.type"),
    ])
    func wrongOptionsAreRefused(name: String, options: [String: FieldOption], code: String) {
        let error = #expect(throws: ConfigurationError.self) { try make(name, options) }
        #expect(error?.code == code)
    }

    @Test(arguments: ["nested_sequence_floats", "deep_nested_sequence", "deep_nested_sequence_floats"])
    func oneListWhereVisitsAreExpectedIsRefused(name: String) throws {
        let numbers = FieldColumn(name: "field", offsets: [[0, 2]], leaves: .numbers([1, 2]))
        var processor = try make(name)
        let error = #expect(throws: ProcessorError.self) { try processor.fit(numbers, selecting: nil) }
        #expect(error?.code == "processor.wrong-kind")
    }
}

import ClinicalData
import Groundwork
import Processors
import Testing

/// A run file gives options to the processors of a task's fields.
@Suite struct FieldOptionsSectionTests {
    private static let schema = [
        FieldSchema("codes", "stagenet", ["padding": 1]), FieldSchema("labs", "timeseries"),
        FieldSchema("history", "nested_sequence_floats"), FieldSchema("drugs", "sequence"),
        FieldSchema("notes", "tuple_time_text"), FieldSchema("vector", "tensor"),
    ]

    private func apply(_ yaml: String) throws -> [FieldSchema] {
        try FieldOptionsSection(ConfigurationNode.parse(yaml, file: "job.yaml")).applied(
            to: Self.schema, among: Self.schema.map(\.name) + ["label"])
    }

    @Test func optionsAreTakenAndOthersStay() throws {
        let found = try apply(
            """
            codes: {padding: 3}
            labs: {sampling_rate: 0.5, impute_strategy: zero}
            history: {forward_fill: false, padding: ~}
            notes: {type_tag: report}
            vector: {dtype: int64}
            """)
        #expect(found.map(\.name) == Self.schema.map(\.name))
        #expect(found[0].options == ["padding": 3])
        #expect(found[1].options == ["sampling_rate": 0.5, "impute_strategy": "zero"])
        #expect(found[2].options == ["forward_fill": false])
        #expect(found[3] == Self.schema[3])
        #expect(found[4].options == ["type_tag": "report"] && found[5].options == ["dtype": "int64"])
    }

    @Test func aTasksOptionThatIsNotNamedStays() throws {
        #expect(try apply("labs: {impute_strategy: zero}")[0] == Self.schema[0])
        #expect(try apply("label: {}") == Self.schema)
    }

    @Test(arguments: [
        ("code: {padding: 1}", "config.unknown-key", ["line 1", "Did you mean \"codes\"?"]),
        ("labs: {padding: 1}", "config.unknown-key", ["labs.padding", "sampling_rate"]),
        (
            "drugs: {code_mapping: [A, B]}", "config.unknown-key",
            ["key \"drugs\"", "sequence, has no options"]
        ),
        ("\ncodes: {padding: -1}", "config.range", ["line 2", "key \"codes\"", "padding"]),
        ("codes: {padding: two}", "config.type", ["padding: expected a whole number"]),
        ("codes: 3", "config.type", ["key \"codes\""]),
        ("labs: {sampling_rate: 0}", "config.range", ["sampling_rate"]),
        ("labs: {impute_strategy: mean}", "config.unknown-value", ["forward_fill, zero"]),
        ("history: {forward_fill: 2}", "config.type", ["true or false"]),
        ("vector: {dtype: float16}", "config.unknown-value", ["float32, int64"]),
        ("codes: {padding: [1]}", "config.type", ["padding", "a text"]),
    ]) func whatIsNotValidIsRefusedWithItsPlace(yaml: String, code: String, words: [String]) {
        let error = #expect(throws: ConfigurationError.self) { try apply(yaml) }
        #expect(error?.code == code)
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
        #expect(error?.exitStatus == .configuration)
    }
}

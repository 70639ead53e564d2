import ClinicalData
import Foundation
import Groundwork
import Processors
import TestSupport
import Testing

/// Wrong schemas, states and samples are refused with a code, and no value is shown.
@Suite struct ProcessorErrorTests {
    private func column(_ values: [String]) throws -> SampleColumns {
        let field = try ProcessorsTests.column(of: values.map { .text($0) })
        let ids = values.map { _ in "p" }
        return SampleColumns(patientIDs: ids, visitIDs: ids, fields: [field])
    }

    @Test func unknownProcessorsAndOptionsNameTheValidOnes() {
        let unknown = #expect(throws: ConfigurationError.self) {
            try FittedProcessors(inputs: [FieldSchema("drugs", "sequnce")], outputs: [])
        }
        #expect(unknown?.code == "config.unknown-processor")
        #expect(unknown?.message.contains("Did you mean \"sequence\"?") == true)
        let option = #expect(throws: ConfigurationError.self) {
            try FittedProcessors(
                inputs: [FieldSchema("drugs", "nested_sequence", ["pading": 2])], outputs: [])
        }
        #expect(option?.code == "config.unknown-key")
        let range = #expect(throws: ConfigurationError.self) {
            try FittedProcessors(
                inputs: [FieldSchema("drugs", "nested_sequence", ["padding": -1])], outputs: [])
        }
        #expect(range?.code == "config.range")
        let element = #expect(throws: ConfigurationError.self) {
            try FittedProcessors(inputs: [FieldSchema("drugs", "tensor", ["dtype": "float16"])], outputs: [])
        }
        #expect(element?.code == "config.unknown-value")
    }

    @Test func labelsOutsideTheTrainingSamplesAreCountedNotShown() throws {
        var fitted = try FittedProcessors(inputs: [], outputs: [FieldSchema("field", "multiclass")])
        try fitted.fit(column(["a", "b", "CANARY", "CANARY"]), selecting: [true, true, false, false])
        let error = #expect(throws: ProcessorError.self) { try fitted.finishFit() }
        #expect(error == .unseenLabels(field: "field", count: 2))
        #expect(error?.message.contains("CANARY") == false)
    }

    @Test func fittingInPartsGivesTheSameState() throws {
        let texts = ["b", "a", "c", "a", "d", "b"]
        var whole = try FittedProcessors(inputs: [], outputs: [FieldSchema("field", "multiclass")])
        try whole.fit(column(texts), selecting: nil)
        try whole.finishFit()
        var parts = try FittedProcessors(inputs: [], outputs: [FieldSchema("field", "multiclass")])
        for text in texts { try parts.fit(column([text]), selecting: nil) }
        try parts.finishFit()
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(whole) == (try encoder.encode(parts)))
    }

    @Test func otherFieldsAreRefused() throws {
        var fitted = try FittedProcessors(inputs: [FieldSchema("drugs", "text")], outputs: [])
        let error = #expect(throws: ProcessorError.self) { try fitted.fit(column(["a"]), selecting: nil) }
        #expect(error == .otherFields(expected: ["drugs"], got: ["field"]))
    }

    @Test func aMissingStateIsNamed() {
        let error = #expect(throws: FileError.self) { try FittedProcessors.load("nowhere/processors.json") }
        #expect(error?.code == "file.open")
    }
}

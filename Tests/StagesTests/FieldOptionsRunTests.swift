import Foundation
import Processors
import TestSupport
import Testing

/// What a run file gives a field's processor reaches the workers and the samples.
@Suite(.serialized) struct FieldOptionsRunTests {
    @Test func paddingOfARunFileWidensTheSamples() throws {
        let runs = try RunFolder(patients: 60, model: "")
        let task = ["--until", "samples", "--set", "task={name: EHRGenerationMIMIC3}"]
        func width(_ name: String, _ extra: [String]) throws -> Int {
            let outcome = try runs.execute(name, workers: 2, task + extra)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let fitted = try FittedProcessors.load("\(runs.run(name))/samples/processors.json")
            let visits = try #require(fitted.fields.first { $0.processorName == "nested_sequence" })
            return try #require(visits.processor.size)
        }
        let plain = try width("plain", [])
        #expect(try width("padded", ["--set", "processors.fields.visits.padding=3"]) == plain + 3)
        // The same folder with another option: samples are made anew.
        #expect(try width("plain", ["--set", "processors.fields.visits.padding=2"]) == plain + 2)
    }
}

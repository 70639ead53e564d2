import ClinicalData
import Datasets
import Foundation
import Processors
import TestSupport
import Testing

@testable import Tasks

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
            one.limited(meta).definition, tables: requested, needs: task.neededAttributes, root: root.path,
            shardSize: shardSize)
        let found = try Extraction(task, events.shards)
        let comparison = GoldenComparison(task)
        try comparison.samples(found.samples, try one.lines("samples_canonical.jsonl"))
        #expect(found.attrition.isBalanced)
        guard found.attrition.samplesOut > 0, meta["set_task_error"] == .null else { return }
        var processors = try FittedProcessors(inputs: task.inputSchema, outputs: task.outputSchema)
        for part in found.parts where part.count > 0 { try processors.fit(part, selecting: nil) }
        try processors.finishFit()
        try comparison.vocabularies(processors, try JSONValue.load(one.file("processors_canonical.json")))
        try comparison.tensors(processors, found.parts, try one.lines("processed_canonical.jsonl"))
    }

    @Test(.enabled(if: !References.entries("tasks").isEmpty)) func thereAreCases() {
        #expect(!TaskCase.all.isEmpty)
    }
}

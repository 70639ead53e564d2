import Digests
import Foundation
import Processors
import Storage
import TestSupport
import Testing

@testable import Tasks

/// The coordinator with one and with three worker processes gives the reference's samples, and the same bytes.
///
/// Two runs of every pair take minutes; `scripts/golden-workers` asks for them.
@Suite(
    .serialized,
    .enabled(if: References.available && References.dataAvailable),
    .enabled(
        if: ProcessInfo.processInfo.environment["PYHEALTH_GOLDEN_WORKERS"] != nil,
        "asked for by scripts/golden-workers"))
struct GoldenWorkerTests {
    /// The pair that is asked for, or all.
    private static let cases = TaskCase.all.filter { one in
        let asked = ProcessInfo.processInfo.environment["PYHEALTH_GOLDEN_WORKERS"] ?? "all"
        return asked == "all" || asked == one.testDescription
    }

    @Test(arguments: cases) func samplesOfOneAndThreeWorkersAreTheReferences(one: TaskCase) throws {
        let meta = try JSONValue.load(one.file("meta.json"))
        let folder = try TemporaryFolder("golden")
        let job = folder.file("job.yaml")
        let root = try #require(References.dataFolder(meta["data"].text ?? ""))
        try runFile(one, meta, root: root.path).write(toFile: job, atomically: true, encoding: .utf8)
        let failure = meta["set_task_error"].text
        // What the reference fails at for want of a processor is encoded here (docs/deviations.md).
        let isRefused = failure.map { !$0.contains("Unknown processor") } ?? false
        var digests: [[String: String]] = []
        for workers in [1, 3] {
            let run = folder.file("run-\(workers)")
            let outcome = try Commands.run(
                "pyhealth-coord",
                ["run", job, "--output", run, "--workers", "\(workers)", "--until", "samples", "--quiet"],
                folder: folder)
            #expect((outcome.status == 0) != isRefused, "\(workers) workers: \(outcome.errors)")
            try compare(run, one, isEncodedThere: failure == nil)
            digests.append(try self.digests(run))
        }
        #expect(!digests[0].isEmpty && digests[0] == digests[1])
    }

    @Test func thereAreCases() { #expect(!Self.cases.isEmpty) }

    private func runFile(_ one: TaskCase, _ meta: JSONValue, root: String) throws -> String {
        let task = one.section(meta).split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        let tables = meta["dataset_args"]["tables"].items.compactMap(\.text).joined(separator: ", ")
        let dataset =
            try ["name: \(one.definition.name)", "root: \"\(root)\"", "tables: [\(tables)]"]
            + one.limited(meta).lines
        return """
            dataset: {\(dataset.joined(separator: ", "))}
            task:
            \(task)
            processors: {fit: all}
            execution: {shard_size: 40, part_size: 64, scan_mib: 1}
            """
    }

    private func compare(_ run: String, _ one: TaskCase, isEncodedThere: Bool) throws {
        let task = try makeTask(one.section(try JSONValue.load(one.file("meta.json"))))
        let comparison = GoldenComparison(task)
        let parts = try rawFiles(run).map { try RawSampleFile.read($0.path) }
        try comparison.samples(
            parts.flatMap { ReadableSample.all($0) }, try one.lines("samples_canonical.jsonl"))
        guard isEncodedThere else { return }
        let processors = try FittedProcessors.load("\(run)/samples/processors.json")
        try comparison.vocabularies(processors, try JSONValue.load(one.file("processors_canonical.json")))
        try comparison.tensors(processors, parts, try one.lines("processed_canonical.jsonl"))
    }

    /// SHA-256 of the published samples with their processors and the attrition; without any, of the raw samples.
    private func digests(_ run: String) throws -> [String: String] {
        let published = files(run) {
            $0 == "attrition.csv" || $0.hasPrefix("samples/") && !$0.hasSuffix("manifest.json")
        }
        let chosen = published.isEmpty ? rawFiles(run) : published.map { ($0, "\(run)/\($0)") }
        return Dictionary(
            uniqueKeysWithValues: try chosen.map { ($0.name, try SHA256.hex(ofFile: $0.path)) })
    }

    /// The raw samples of every shard in order, one file each: a shard that was tried twice leaves two.
    private func rawFiles(_ run: String) -> [(name: String, path: String)] {
        var shards: [String: String] = [:]
        for file in files(run, { $0.hasPrefix("stage/") && $0.hasSuffix(".raw.h5") }) {
            let shard = (file as NSString).lastPathComponent.prefix { $0 != "." }
            shards[String(shard)] = "\(run)/\(file)"
        }
        return shards.sorted { $0.key < $1.key }.map { (name: $0.key, path: $0.value) }
    }

    /// Files of a run below its folder, in order of their paths.
    private func files(_ run: String, _ isChosen: (String) -> Bool) -> [String] {
        let all = FileManager.default.enumerator(atPath: run)?.compactMap { $0 as? String } ?? []
        return all.filter(isChosen).sorted()
    }
}

import ClusterRuntime
import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterProtocol

/// Stages whose driver finds out that they are not what their ids say, and who may write into a run directory when.
@Suite(.serialized)
struct StaleStagesTests {
    private struct Changed: PyHealthError, Equatable {
        var code: String { "test.changed" }
        var message: String { "It was changed." }
        var exitStatus: Groundwork.ExitStatus { .retry }
    }

    private static let stages = [
        shardStage("a1", ["number 1", "number 2"]), shardStage("b1", ["read {0.0}", "read {0.1}"]),
    ]

    @Test func areComputedAgainByWhoeverGoesOn() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: Self.stages)
        job.failure = StaleStages(first: 1, cause: Changed())
        #expect(throws: Changed.self) { try job.run(in: folder.path) }
        #expect(access(folder.file("stage/a1/MANIFEST.pb"), F_OK) == 0)
        #expect(access(folder.file("stage/b1/MANIFEST.pb"), F_OK) != 0)
        job.failure = nil
        let outcome = try job.run(in: folder.path)
        #expect(outcome.timings.map(\.cached) == [true, false])
        // Not even what the journal knows of them counts: all files are of the second coordinator.
        #expect(outcome.stages[1].shards.allSatisfy { $0.outputs[0].path.contains(".e2.a") })
        #expect(try job.run(in: folder.path).timings.map(\.cached) == [true, true])
    }

    @Test func nobodyElseHasTheFolderFromTheBeginningToTheEnd() throws {
        let folder = try TemporaryFolder("cluster")
        let job = ScriptedJob(stages: Self.stages)
        var order: [String] = []
        let intrude = {
            _ = #expect(throws: ClusterError.self) {
                try ScriptedJob(stages: Self.stages).run(in: folder.path, begin: { order.append("intruder") })
            }
        }
        _ = try job.run(
            in: folder.path,
            begin: {
                order.append("begin")
                intrude()
            },
            end: { _ in
                order.append("end")
                intrude()
            })
        #expect(order == ["begin", "end"])
        _ = try job.run(in: folder.path, begin: { order.append("next") })
        #expect(order == ["begin", "end", "next"])
    }
}

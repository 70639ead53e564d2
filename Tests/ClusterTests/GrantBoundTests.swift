import Foundation
import Testing

@testable import ClusterProtocol

/// How much a worker is given while its results wait.
@Suite struct GrantBoundTests {
    /// Results without an Ack are held by the worker still, and so the next coordinator would hear of them.
    @Test func resultsThatWaitForAnAckCountAsKept() throws {
        var machine = StaleWorkerTests.coordinator(ofShards: 8)
        var commits: [WireShardCommit] = []
        for _ in 0..<4 {
            let attempt = try #require(machine.shards?.held(by: 1).first)
            let result = WireResult.with { $0.commit.attempt = attempt }
            _ = machine.handle(.message(StaleWorkerTests.envelope(1, .result(result))), now: 1)
            commits.append(result.commit)
            #expect(machine.shards?.keptCount(by: 1) ?? 0 <= 4)
        }
        #expect(machine.shards?.heldCount(by: 1) == 0)
        _ = machine.handle(.outputsChecked(commits[0], isPresent: true), now: 2)
        #expect(machine.shards?.heldCount(by: 1) == 0)
        _ = machine.handle(.durable(.commit(commits[0])), now: 3)
        #expect(machine.shards?.heldCount(by: 1) == 1)
        // Refused results wait no longer either.
        _ = machine.handle(.outputsChecked(commits[1], isPresent: false), now: 4)
        #expect(machine.shards?.heldCount(by: 1) == 2)
    }

    /// A worker says at its Hello that results of the last epoch still wait; what it wrote before it had any, and what
    /// comes late, takes nothing of that back.
    @Test func lateMessagesToAnEarlierCoordinatorHideNothingHeld() {
        let early: [MessageBody] = [
            .heartbeat(WireHeartbeat()), .hello(.with { $0.fingerprint = "f" }),
        ]
        for body in early {
            var machine = CoordinatorMachine(
                .init(job: "job", build: "b", fingerprint: "f", epoch: 2, runDirectory: "/run"))
            let held = (0..<3).map { shard in
                WireAttemptID.with { ($0.stage, $0.epoch, $0.attempt, $0.shard) = ("aa", 1, 1, shard) }
            }
            let hello = WireHello.with { ($0.fingerprint, $0.held) = ("f", held) }
            var envelope = StaleWorkerTests.envelope(1, .hello(hello))
            envelope.epoch = 2
            _ = machine.handle(.message(envelope), now: 0)
            _ = machine.handle(.message(StaleWorkerTests.envelope(1, body)), now: 1)
            let items = (0..<8).map { ShardTable.Item(name: "s\($0)", payload: Data()) }
            _ = machine.handle(
                .openShards(ShardTable(stage: "aa", stageName: "n", items: items, epoch: 2)), now: 2)
            #expect(machine.shards?.held(by: 1) == held)
        }
    }
}

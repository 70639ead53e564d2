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
}

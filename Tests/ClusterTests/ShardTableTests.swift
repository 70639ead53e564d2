import Foundation
import Groundwork
import Testing

@testable import ClusterProtocol

/// Something that must be there is not.
struct Missing: Error {}

struct ShardTableTests {
    private func table(_ count: Int, commits: [Int: WireShardCommit] = [:]) -> ShardTable {
        ShardTable(
            stage: "aa", stageName: "scan",
            items: (0..<count).map { ShardTable.Item(name: "s\($0)", payload: Data()) }, epoch: 3,
            commits: commits)
    }

    private func commit(_ attempt: WireAttemptID) -> WireShardCommit {
        var commit = WireShardCommit()
        commit.attempt = attempt
        return commit
    }

    @Test func grantsInOrderAndCountsAttempts() throws {
        var table = table(2)
        guard let first = table.grant(to: 1, now: 0, deadline: 15) else { throw Missing() }
        #expect((first.shard, first.epoch, first.attempt) == (0, 3, 1))
        let granted1 = table.grant(to: 2, now: 0, deadline: 15)
        #expect(granted1?.shard == 1)
        let granted2 = table.grant(to: 2, now: 0, deadline: 15)
        #expect(granted2 == nil)
        table.takeBack(first, from: 1)
        #expect(table.pendingCount == 1)
        let granted3 = table.grant(to: 2, now: 1, deadline: 16)
        #expect(granted3?.attempt == 2)
    }

    @Test func firstCommitWinsAndLaterResultsAreDuplicates() throws {
        var table = table(1)
        guard let first = table.grant(to: 1, now: 0, deadline: 1) else { throw Missing() }
        let expireResult4 = table.expire(now: 2)
        #expect(expireResult4 == [.init(attempt: first, instance: 1)])
        guard let second = table.grant(to: 2, now: 2, deadline: 17) else { throw Missing() }
        let answer5 = table.report(second, from: 2)
        #expect(answer5 == .check)
        let answer6 = table.report(first, from: 1)
        #expect(answer6 == .check)
        let isConfirmed7 = table.confirm(first)
        #expect(isConfirmed7)
        let isConfirmed8 = table.confirm(second)
        #expect(!isConfirmed8)
        let (reporters, _) = table.commit(commit(first))
        #expect(Set(reporters.map(\.instance)) == [1, 2])
        #expect(table.isComplete)
        let answer9 = table.report(second, from: 2)
        #expect(answer9 == .duplicate)
        let commit10 = table.commit(commit(second))
        #expect(commit10.reporters.isEmpty)
        #expect(table.commits[0]?.attempt == first)
    }

    @Test func commitMakesOtherLeasesUseless() throws {
        var table = table(1)
        guard let first = table.grant(to: 1, now: 0, deadline: 1) else { throw Missing() }
        _ = table.expire(now: 2)
        guard let second = table.grant(to: 2, now: 2, deadline: 17) else { throw Missing() }
        let answer11 = table.report(first, from: 1)
        #expect(answer11 == .check)
        let isConfirmed12 = table.confirm(first)
        #expect(isConfirmed12)
        let commit13 = table.commit(commit(first))
        #expect(commit13.useless == [.init(attempt: second, instance: 2)])
        #expect(table.heldCount(by: 2) == 0)
    }

    @Test func renewedLeasesDoNotExpire() {
        var table = table(1)
        _ = table.grant(to: 1, now: 0, deadline: 15)
        table.renew(1, deadline: 25)
        let expireResult14 = table.expire(now: 20)
        #expect(expireResult14.isEmpty)
        table.postpone(by: 10)
        let expireResult15 = table.expire(now: 30)
        #expect(expireResult15.isEmpty)
        let expireResult16 = table.expire(now: 36)
        #expect(expireResult16.count == 1)
    }

    @Test func givesUpAfterThreeFailuresOrAtOnceWhenDeterministic() throws {
        var table = table(2)
        for number in 1...3 {
            guard let attempt = table.grant(to: 1, now: 0, deadline: 15) else { throw Missing() }
            #expect(attempt.shard == 0)
            let isFinal17 = table.fail(attempt, from: 1, deterministic: false)
            #expect(isFinal17 == (number == 3))
        }
        _ = table.grant(to: 1, now: 0, deadline: 15)
        guard let other = table.grant(to: 1, now: 0, deadline: 15) else { throw Missing() }
        #expect(other.shard == 1)
        let isFinal18 = table.fail(other, from: 1, deterministic: true)
        #expect(isFinal18)
    }

    /// Its worker sends it again until it hears that it failed.
    @Test func aResultThatWasRefusedIsNotLookedAtAgain() throws {
        var table = table(1)
        guard let attempt = table.grant(to: 1, now: 0, deadline: 15) else { throw Missing() }
        #expect(table.report(attempt, from: 1) == .check)
        #expect(table.refuse(attempt).count == 1)
        let isOver = table.fail(attempt, from: 1, deterministic: false)
        #expect(!isOver)
        #expect(table.report(attempt, from: 1) == .duplicate)
        #expect(table.grant(to: 1, now: 0, deadline: 15)?.attempt == 2)
    }

    @Test func countsOnlyTheWorkInHandAgainstItsShard() throws {
        var table = table(2)
        for number in 1...3 {
            guard let first = table.grant(to: 1, now: Double(number), deadline: 99) else { throw Missing() }
            guard let second = table.grant(to: 1, now: Double(number) + 0.5, deadline: 99) else {
                throw Missing()
            }
            #expect(Set([first.shard, second.shard]) == [0, 1])
            let (attempts, giveUp) = table.lose(1, cause: .signalled(11))
            #expect(attempts == [first, second])
            // Which shard comes first changes, so that neither reaches the limit before the third crash.
            if giveUp != nil { #expect(number == 3) }
        }
    }

    @Test func givesUpOnTheShardOverWhichThreeWorkersWereKilled() {
        var table = table(1)
        for number in 1...ShardTable.mostFailures {
            _ = table.grant(to: Instance(number), now: 0, deadline: 99)
            let giveUp = table.lose(Instance(number), cause: .signalled(9)).giveUp
            #expect((giveUp != nil) == (number == ShardTable.mostFailures))
        }
        #expect(table.lose(1, cause: .left).giveUp == nil)
    }

    @Test func doesNotBlameAShardWhileWorkersAreKilledEverywhere() {
        var table = table(2)
        for number in 1...ShardTable.mostLossesInAStorm {
            let (first, second) = (Instance(2 * number), Instance(2 * number + 1))
            _ = table.grant(to: first, now: 0, deadline: 99)
            _ = table.grant(to: second, now: 0, deadline: 99)
            let giveUps = [first, second].map { table.lose($0, cause: .signalled(9)).giveUp }
            #expect((giveUps[0] != nil) == (number == ShardTable.mostLossesInAStorm))
        }
    }

    /// One shard is left and workers are killed one after the other, idle ones, too: three kills are not its fault.
    @Test func doesNotBlameTheOnlyShardWhileIdleWorkersAreKilled() {
        var table = table(1)
        for number in 1...ShardTable.mostLossesInAStorm {
            let (busy, idle) = (Instance(2 * number), Instance(2 * number + 1))
            _ = table.grant(to: busy, now: 0, deadline: 99)
            let giveUps = [busy, idle].map { table.lose($0, cause: .signalled(9)).giveUp }
            #expect((giveUps[0] != nil) == (number == ShardTable.mostLossesInAStorm))
        }
    }

    /// Of four workers that are killed one has the only shard: whoever kills them does not mean the shard.
    @Test func blamesTheOnlyShardLateWhileMoreIdleWorkersAreLost() {
        var table = table(1)
        for number in 1...ShardTable.mostLossesInAStorm {
            let (busy, idle) = (Instance(4 * number), (1...3).map { Instance(4 * number + $0) })
            _ = table.grant(to: busy, now: 0, deadline: 99)
            for other in idle {
                let cause = other % 2 == 0 ? LossCause.signalled(9) : .unreachable
                #expect(table.lose(other, cause: cause).giveUp == nil)
            }
            let giveUp = table.lose(busy, cause: .unreachable).giveUp
            #expect((giveUp != nil) == (number == ShardTable.mostLossesInAStorm))
        }
    }

    /// One worker at a time, which always holds both shards: nobody is lost elsewhere, whichever is taken for the culprit.
    @Test func blamesOneOfTwoShardsThatAreHeldTogether() {
        var table = table(2)
        var blamed: Int?
        for number in 1...5 where blamed == nil {
            for _ in 0..<2 { _ = table.grant(to: Instance(number), now: Double(number), deadline: 99) }
            if table.lose(Instance(number), cause: .signalled(9)).giveUp != nil { blamed = number }
        }
        #expect(blamed != nil)
    }

    @Test func blamesAShardEarlierWhileFewAreLostElsewhere() {
        var table = table(1)
        _ = table.grant(to: 1, now: 0, deadline: 99)
        #expect(table.lose(1, cause: .unreachable).giveUp == nil)
        for idle in 100..<104 { #expect(table.lose(Instance(idle), cause: .signalled(9)).giveUp == nil) }
        for number in 2...ShardTable.mostLosses {
            _ = table.grant(to: Instance(number), now: 0, deadline: 99)
            let giveUp = table.lose(Instance(number), cause: .signalled(9)).giveUp
            #expect((giveUp != nil) == (number == ShardTable.mostLosses))
        }
    }

    @Test func triesAShardElsewhereThatFailed() throws {
        var table = table(1)
        guard let first = table.grant(to: 1, others: [1, 2], now: 0, deadline: 15) else { throw Missing() }
        _ = table.fail(first, from: 1, deterministic: false)
        let again = table.grant(to: 1, others: [1, 2], now: 1, deadline: 15)
        #expect(again == nil)
        #expect(table.pendingCount == 1)
        guard let second = table.grant(to: 2, others: [1, 2], now: 1, deadline: 15) else { throw Missing() }
        _ = table.fail(second, from: 2, deterministic: false)
        // Nobody is left on whom it did not fail: anybody may try.
        let third = table.grant(to: 1, others: [1, 2], now: 2, deadline: 15)
        #expect(third?.attempt == 3)
    }

    @Test func givesASlowShardToAnIdleWorkerOnce() throws {
        var table = table(2)
        guard let first = table.grant(to: 1, now: 0, deadline: 99) else { throw Missing() }
        _ = table.grant(to: 1, now: 0, deadline: 99)
        table.noteWork(of: 1, now: 1)
        let early = table.secondAttempt(to: 2, longerThan: 3, now: 3.5, deadline: 99)
        #expect(early == nil)
        let own = table.secondAttempt(to: 1, longerThan: 3, now: 5, deadline: 99)
        #expect(own == nil)
        let found = table.secondAttempt(to: 2, longerThan: 3, now: 5, deadline: 99)
        #expect(found?.slow == .init(attempt: first, instance: 1))
        #expect(found?.attempt.shard == first.shard && found?.attempt.attempt == 2)
        let again = table.secondAttempt(to: 3, longerThan: 3, now: 9, deadline: 99)
        #expect(again == nil)
        // The slow one is first after all: the other's lease is useless.
        let answer = table.report(first, from: 1)
        #expect(answer == .check)
        let isConfirmed = table.confirm(first)
        #expect(isConfirmed)
        #expect(table.commit(commit(first)).useless.map(\.instance) == [2])
    }

    @Test func adoptsOnlyWhatNobodyElseHas() throws {
        var table = table(2)
        var old = WireAttemptID()
        old.stage = "aa"
        old.shard = 0
        old.epoch = 2
        old.attempt = 7
        let isAdopted19 = table.adopt(old, by: 1, now: 0, deadline: 15)
        #expect(isAdopted19)
        let granted20 = table.grant(to: 2, now: 0, deadline: 15)
        #expect(granted20?.shard == 1)
        var late = old
        late.shard = 1
        let isAdopted21 = table.adopt(late, by: 1, now: 0, deadline: 15)
        #expect(!isAdopted21)
        var foreign = old
        foreign.stage = "bb"
        let isAdopted22 = table.adopt(foreign, by: 1, now: 0, deadline: 15)
        #expect(!isAdopted22)
        foreign.stage = "aa"
        foreign.shard = 99
        let isAdopted23 = table.adopt(foreign, by: 1, now: 0, deadline: 15)
        #expect(!isAdopted23)
        let answer24 = table.report(old, from: 1)
        #expect(answer24 == .check)
    }

    @Test func asksBackOnlyWhatIsNotBegun() throws {
        var table = table(3)
        guard let first = table.grant(to: 1, now: 0, deadline: 15) else { throw Missing() }
        let revokeNewestResult25 = table.revokeNewest(of: 1)
        #expect(revokeNewestResult25 == nil)
        guard let second = table.grant(to: 1, now: 0, deadline: 15) else { throw Missing() }
        let revokeNewestResult26 = table.revokeNewest(of: 1)
        #expect(revokeNewestResult26 == second)
        let revokeNewestResult27 = table.revokeNewest(of: 1)
        #expect(revokeNewestResult27 == nil)
        table.takeBack(second, from: 1)
        let heldResult28 = table.held(by: 1)
        #expect(heldResult28 == [first])
    }

    @Test func startsFromEarlierCommits() {
        var attempt = WireAttemptID()
        attempt.stage = "aa"
        attempt.epoch = 1
        var table = table(2, commits: [0: commit(attempt)])
        #expect(table.committedCount == 1 && table.pendingCount == 1)
        let granted29 = table.grant(to: 1, now: 0, deadline: 1)
        #expect(granted29?.shard == 1)
    }

    /// Any sequence of events keeps the counts right and never changes a commit.
    @Test(arguments: 0..<50) func keepsItsInvariants(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: .test)
        var table = table(6)
        var known: [WireAttemptID] = []
        var commits: [Int: WireAttemptID] = [:]
        for step in 0..<400 {
            let instance = Instance(1 + random.nextInt(below: 3))
            let attempt = known.isEmpty ? nil : known[random.nextInt(below: known.count)]
            switch random.nextInt(below: 8) {
            case 0, 1:
                if let new = table.grant(to: instance, now: Double(step), deadline: Double(step) + 20) {
                    #expect(!known.contains(new), "seed \(seed)")
                    known.append(new)
                }
            case 2: if let attempt { _ = table.report(attempt, from: instance) }
            case 3: if let attempt, table.confirm(attempt) { _ = table.commit(commit(attempt)) }
            case 4: _ = table.expire(now: Double(step))
            case 5: _ = table.lose(instance, cause: .unreachable)
            case 6: if let attempt { table.takeBack(attempt, from: instance) }
            default: if let attempt { _ = table.refuse(attempt) }
            }
            for (index, commit) in table.commits.enumerated() {
                guard let attempt = commit?.attempt else { continue }
                #expect(commits[index] == nil || commits[index] == attempt, "seed \(seed)")
                commits[index] = attempt
            }
            #expect(table.committedCount == commits.count, "seed \(seed)")
            #expect(table.pendingCount + table.committedCount <= 6, "seed \(seed)")
        }
    }
}

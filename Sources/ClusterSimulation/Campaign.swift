package import ClusterProtocol
import Foundation
import Synchronization

/// Many histories, over all cores.
package enum Campaign {
    /// What came of a range of seeds.
    package struct Report: Sendable {
        /// Histories that were lived through.
        package var histories = 0
        /// Their events.
        package var events = 0
        /// Jobs that failed as they had to.
        package var failures = 0
        /// Seeds with broken promises, ascending.
        package var violations: [(seed: UInt64, violation: World.Violation)] = []

        /// Nothing yet.
        package init() {}

        /// Adds what came of later seeds.
        package mutating func add(_ later: Report) {
            histories += later.histories
            events += later.events
            failures += later.failures
            violations += later.violations
        }
    }

    /// Lives through `seeds` with all rules held; ends early after `mostViolations`.
    package static func run(
        _ seeds: Range<UInt64>, rules: ProtocolRules = .all, mostViolations: Int = 20
    ) -> Report {
        let report = Mutex(Report())
        let next = Atomic<UInt64>(seeds.lowerBound)
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
            while true {
                let seed = next.add(1, ordering: .relaxed).oldValue
                guard seed < seeds.upperBound else { return }
                let isOver = report.withLock { $0.violations.count >= mostViolations }
                if isOver { return }
                let (end, violation, events) = live(seed, rules)
                report.withLock { report in
                    report.histories += 1
                    report.events += events
                    if case .failed = end { report.failures += 1 }
                    if let violation { report.violations.append((seed, violation)) }
                }
            }
        }
        return report.withLock { report in
            report.violations.sort { $0.seed < $1.seed }
            return report
        }
    }

    /// One history.
    package static func live(
        _ seed: UInt64, _ rules: ProtocolRules = .all, trace: ((String) -> Void)? = nil
    ) -> (end: World.End?, violation: World.Violation?, events: Int) {
        let world = World(seed: seed, rules: rules, trace: trace)
        do { return (try world.run(), nil, world.events) } catch let violation as World.Violation {
            return (nil, violation, world.events)
        } catch {
            let unknown = World.Violation(invariant: .liveness, details: "an error got out: \(error)")
            return (nil, unknown, world.events)
        }
    }

    /// The first seed below `limit` at which a mutant breaks a promise.
    package static func hunt(
        _ mutant: Mutant, below limit: UInt64 = 1000
    ) -> (seed: UInt64, violation: World.Violation)? {
        for seed in 0..<limit {
            if let violation = live(seed, mutant.rules).violation { return (seed, violation) }
        }
        return nil
    }
}

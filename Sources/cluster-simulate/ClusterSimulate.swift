import ArgumentParser
import ClusterProtocol
import ClusterSimulation
import Foundation
import Groundwork

/// Lives through many histories of the cluster in a simulated world.
@main struct ClusterSimulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-simulate",
        abstract: "Runs the cluster's state machines and file code through faults drawn from seeds.")

    @Option(help: "Histories.") var seeds: UInt64 = 10_000
    @Option(help: "The first seed.") var from: UInt64 = 0
    @Option(help: "Live through this seed only and print every event.") var replay: UInt64?
    @Option(help: "With --replay: the number of the mutant (0, 1, … in the table).") var mutant: Int?
    @Flag(help: "Also hunt the mutants and print their table.") var mutants = false

    /// Histories between two lines of progress.
    private static let block = 10_000
    /// Broken promises after which the rest is not lived through.
    private static let mostViolations = 20

    func run() throws {
        if let replay { return try printHistory(replay) }
        let start = Date()
        let report = live(since: start)
        let seconds = Date().timeIntervalSince(start)
        print(
            "\(report.histories) histories, \(report.events) events, \(report.failures) jobs failed as they must, "
                + "\(report.violations.count) violations, \(String(format: "%.1f", seconds)) s")
        let escaped = mutants ? printMutants() : 0
        if !report.violations.isEmpty || escaped > 0 { throw ExitCode(70) }
    }

    /// Lives through all seeds and tells after each block of them what it found and how long the rest takes.
    private func live(since start: Date) -> Campaign.Report {
        var report = Campaign.Report()
        for first in stride(from: from, to: from + seeds, by: Self.block)
        where report.violations.count < Self.mostViolations {
            let part = Campaign.run(first..<min(first + UInt64(Self.block), from + seeds))
            for (seed, violation) in part.violations { print("seed \(seed): \(violation)") }
            report.add(part)
            fflush(nil)
            let rate = Double(report.histories) / Date().timeIntervalSince(start)
            let left = Double(seeds) - Double(report.histories)
            guard left > 0 else { break }
            let line =
                "\(report.histories) of \(seeds) histories, \(Int(rate)) per second, "
                + "\(Int(left / rate / 60) + 1) min left\n"
            StandardError.write(line)
        }
        return report
    }

    private func printHistory(_ seed: UInt64) throws {
        let rules = mutant.map { Mutant.all[$0].rules } ?? .all
        let (end, violation, events) = Campaign.live(seed, rules) { print($0) }
        print("\(events) events: \(violation?.description ?? "\(end.map { "\($0)" } ?? "")")")
        if violation != nil { throw ExitCode(70) }
    }

    /// The table of `docs/simulation.md`; returns how many mutants escaped.
    private func printMutants() -> Int {
        print("| Nr | Rule | Mutant | Seed | Broken promise |\n|---|---|---|---|---|")
        var escaped = 0
        for (number, mutant) in Mutant.all.enumerated() {
            let found = Campaign.hunt(mutant)
            if found == nil { escaped += 1 }
            print(
                "| \(number) | \(mutant.rule) | \(mutant.name) | \(found.map { "\($0.seed)" } ?? "escaped") | "
                    + "\(found?.violation.invariant.rawValue ?? "") |")
            fflush(nil)
        }
        return escaped
    }
}

import ArgumentParser
import Foundation
import Groundwork
import SyntheticCorpora

/// `pyhealth-coord synthesize`: makes a corpus with a known signal.
struct SynthesizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthesize", abstract: "Makes a synthetic corpus whose signal is known.",
        discussion: """
            The same patients, seed and options give the same bytes; the tables of fewer patients are the beginnings of \
            those of more. The true probability of every sample and the best reachable AUC are written to the folder \
            `truth`, last. For example:

              pyhealth-coord synthesize mimic3 --patients 20000 --seed 1 --output corpus
              pyhealth-coord synthesize mimic4 --patients 315460 --output full      # about 17 GB of text
              pyhealth-coord synthesize eicu --patients 500 --seed 7 --gzip --output small
            """)

    @Argument(help: "The layout: mimic3, mimic4, eicu or omop.")
    var layout: String

    @Option(help: "Number of patients.")
    var patients: Int

    @Option(help: "Seed of all random numbers.")
    var seed: UInt64 = 0

    @Option(help: "The folder to make; it must be missing or empty.")
    var output: String

    @Flag(help: "Compress the tables (.csv.gz).")
    var gzip = false

    @Flag(help: "mimic3: make LABEVENTS and D_LABITEMS too (the other layouts always have measurements).")
    var labs = false

    @Flag(name: .customLong("chartevents"), help: "mimic4: make icu/chartevents and icu/d_items too.")
    var chartEvents = false

    @Flag(help: "No progress lines.")
    var quiet = false

    func run() throws {
        try reporting {
            guard let layout = SyntheticCorpus.Layout(rawValue: layout) else {
                let valid = SyntheticCorpus.Layout.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError("layout", "Layout \"\(layout)\" is not known. Valid: \(valid).")
            }
            for (flag, isGiven, owner) in [
                ("--labs", labs, SyntheticCorpus.Layout.mimic3), ("--chartevents", chartEvents, .mimic4),
            ] where isGiven && layout != owner {
                throw ConfigurationError(
                    "unused-option",
                    "\(flag) is for \(owner.rawValue) only; \(layout.rawValue) has no such tables to add. Leave it out."
                )
            }
            var options = CorpusOptions(patients: patients, seed: seed, output: output)
            options.gzip = gzip
            options.labs = labs
            options.chartEvents = chartEvents
            let printer = ProgressPrinter(isQuiet: quiet)
            let started = Date()
            let summary = try SyntheticCorpus(layout, options).write { done in
                printer.show("write", done: done, of: patients, since: started)
            }
            print("\(output): \(Self.text(summary, seconds: Date().timeIntervalSince(started)))")
        }
    }

    private static func text(_ summary: CorpusSummary, seconds: Double) -> String {
        let best = summary.bestReachableAUC.map { String(format: "%.4f", $0) } ?? "undefined"
        let megabytes = Double(summary.bytes) / 1e6
        return "\(summary.patients) patients, \(summary.visits) visits, \(summary.samples) samples, "
            + String(format: "%.1f MB (%.0f MB/s), ", megabytes, megabytes / max(seconds, 1e-3))
            + String(format: "base rate %.3f, ", summary.baseRate) + "best reachable AUC \(best)"
    }
}

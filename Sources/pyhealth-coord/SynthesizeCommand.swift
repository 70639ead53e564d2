import ArgumentParser
import Foundation
import Groundwork
import SyntheticCorpora

/// `pyhealth-coord synthesize`: makes a corpus with a known signal.
struct SynthesizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthesize", abstract: "Makes a synthetic corpus whose signal is known.",
        discussion: """
            The same patients, seed and options give the same bytes. The true probability of every sample and the best \
            reachable AUC are written to the folder `truth`. For example:

              pyhealth-coord synthesize mimic3 --patients 20000 --seed 1 --output corpus
              pyhealth-coord synthesize mimic3 --patients 500 --seed 7 --gzip --labs --output small
            """)

    @Argument(help: "The layout: mimic3.")
    var layout: String

    @Option(help: "Number of patients.")
    var patients: Int

    @Option(help: "Seed of all random numbers.")
    var seed: UInt64 = 0

    @Option(help: "The folder to make; it must be missing or empty.")
    var output: String

    @Flag(help: "Compress the tables (.csv.gz).")
    var gzip = false

    @Flag(help: "Make LABEVENTS and D_LABITEMS too.")
    var labs = false

    @Flag(help: "No progress lines.")
    var quiet = false

    func run() throws {
        try reporting {
            guard layout == "mimic3" else {
                throw ConfigurationError("layout", "Layout \"\(layout)\" is not known. Valid: mimic3.")
            }
            var options = SyntheticMIMIC3.Options(patients: patients, seed: seed, output: output)
            options.gzip = gzip
            options.labs = labs
            let printer = ProgressPrinter(isQuiet: quiet)
            let started = Date()
            let summary = try SyntheticMIMIC3(options).write { done in
                printer.show("write", done: done, of: patients, since: started)
            }
            let best = summary.bestReachableAUC.map { String(format: "%.4f", $0) } ?? "undefined"
            print(
                "\(output): \(summary.patients) patients, \(summary.visits) visits, \(summary.samples) samples, "
                    + String(
                        format: "%.1f MB, base rate %.3f, ", Double(summary.bytes) / 1e6, summary.baseRate)
                    + "best reachable AUC \(best)")
        }
    }
}

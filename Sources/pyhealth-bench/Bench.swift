import ArgumentParser
import Kernels

/// Measures the numeric engine and whole jobs on this machine.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pyhealth-bench",
        abstract:
            "Measures kernels and layers on one thread, whole jobs, and what a model finds of a known signal.",
        discussion: """
            Example: pyhealth-bench layers --format json
            Build with `swift build -c release`; other work on the machine shows as spread.
            """,
        subcommands: [
            KernelsCommand.self, LayersCommand.self, SteadyCommand.self, PipelineCommand.self,
            SignalCommand.self, CollectiveCommand.self, ScalingCommand.self, ClusterCommand.self,
            CoordinateCommand.self, StagesCommand.self,
        ])
}

/// Options of every measurement.
struct ReportOptions: ParsableArguments {
    @Option(help: "table or json.")
    var format = ReportFormat.table

    @Option(help: "baseline, avx2 or avx512; by default the machine's best.")
    var level: Kernel.Level?

    @Option(help: "How many runs the median is taken over.")
    var runs = 5

    @Option(help: "Only cases whose name contains this text.")
    var only: String?

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs: expected at least 1, got \(runs).") }
        guard let level else { return }
        guard Kernel.use(level) == level else {
            throw ValidationError("--level: this machine has no \(level).")
        }
    }
}

enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}

extension Kernel.Level: ExpressibleByArgument {
    /// The level of that name, nil if there is none.
    public init?(argument: String) {
        guard let level = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
        self = level
    }

    /// The names as the help shows them.
    public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}

import ArgumentParser
import ClusterRuntime
import Foundation
import Groundwork
import Stages

/// The command `pyhealth-coord`: shards a job over workers and leaves samples, a model, metrics and a report.
@main
struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pyhealth-coord",
        abstract:
            "Clinical deep learning from raw EHR tables to a trained, evaluated model, over worker processes.",
        discussion: """
            For example:

              pyhealth-coord synthesize mimic3 --patients 20000 --seed 1 --output corpus
              pyhealth-coord run docs/examples/mimic3-mortality.yaml --set dataset.root=corpus --workers 2 --output runs/m1
              pyhealth-coord status runs/m1
            """,
        version: BuildInformation.build,
        subcommands: [
            RunCommand.self, PlanCommand.self, DoctorCommand.self, StatusCommand.self, StatsCommand.self,
            ExplainCommand.self, KeygenCommand.self, SynthesizeCommand.self, VerifyCommand.self,
            DrainCommand.self,
            CancelCommand.self, RecoverCommand.self, JournalCommand.self,
        ])

    /// Every subcommand may hold patients' data in memory.
    static func main() {
        ProcessHardening.apply()
        main(nil)
    }
}

/// Runs `body`; an error is told on standard error and ends the process with its exit status, as does what was printed and
/// could not be written if that `isResult`.
func reporting(isResult: Bool = true, _ body: () throws -> Void) throws {
    do {
        try body()
        if isResult { try StandardOutput.flush() }
    } catch let code as ExitCode { throw code } catch let error as any PyHealthError {
        StandardError.write("pyhealth-coord: \(error)\n")
        throw ExitCode(error.exitStatus.rawValue)
    } catch {
        StandardError.write("pyhealth-coord: internal error: \(type(of: error))\n")
        throw ExitCode(ExitStatus.internal.rawValue)
    }
}

import ArgumentParser
import Foundation
import Groundwork
import Stages

/// `pyhealth-coord explain`: why a patient is in or out of a job's cohort.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Tells rule by rule why a patient is in or out of a job's cohort.",
        discussion: """
            Prints data of the patient, and therefore to a terminal only. For example:

              pyhealth-coord explain job.yaml --set dataset.root=/data/mimic3 --patient 10006
            """)

    @Argument(help: "The run file (YAML).")
    var job: String

    @Option(help: "The patient's id as it stands in the tables.")
    var patient: String

    @Option(
        help: "A folder with room for the patient's events; nothing is left there. None: $TMPDIR or /tmp.")
    var scratch: String?

    @Option(name: .customLong("set"), help: "Changes a key of the run file.")
    var overrides: [String] = []

    func run() throws {
        try reporting {
            guard isatty(STDOUT_FILENO) == 1 else {
                throw ConfigurationError(
                    "not-a-terminal",
                    "explain prints data of a patient, and only to a terminal. Run it without a pipe or a redirection."
                )
            }
            let jobs = try JobConfiguration.load(path: job, overrides: try settings(overrides)).perTask
            var failures: [any Error] = []
            for one in jobs {
                // Another task's tables may know the patient.
                do { try explain(JobSetup(one)) } catch let error as any PyHealthError where jobs.count > 1 {
                    print("Task \(one.taskName)\n\n\(error.message)\n")
                    failures.append(error)
                }
            }
            if failures.count == jobs.count, let first = failures.first { throw first }
        }
    }

    private func explain(_ setup: JobSetup) throws {
        let progress = ReadingProgress()
        defer { progress.end() }
        let found = try PatientExplanation(
            setup, patient: patient, scratch: scratch ?? NSTemporaryDirectory()
        ) { progress.add($0) }
        progress.end()
        print(text(setup, found))
    }

    private func text(_ setup: JobSetup, _ found: PatientExplanation) -> String {
        let counts = found.attrition
        var lines = ["Task \(setup.task.name)", "", "events"]
        lines += found.events.map { "  \($0.table): \($0.count)" }
        lines += ["", "rules, in order (visits in: \(counts.visitsIn))"]
        lines += counts.exclusions.map { one in
            let visits = one.visits > 0 ? "takes out \(one.visits) visit(s)" : "takes out nothing"
            return
                "  \(one.rule): \(one.patients > 0 ? "takes out the patient, \(one.visits) visit(s)" : visits)"
        }
        lines += ["", found.samples.isEmpty ? "OUT: no sample" : "IN: \(found.samples.count) sample(s)"]
        lines += found.samples.map {
            "  \($0.visit.isEmpty ? "sample" : "visit \($0.visit)"): label \($0.label)"
        }
        return lines.joined(separator: "\n")
    }
}

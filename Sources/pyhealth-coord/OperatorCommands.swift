import ArgumentParser
import ClusterRuntime
import Foundation
import Groundwork

/// `pyhealth-coord drain`: ends a run orderly.
struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Asks a running job to finish what is in hand and to end with 75.",
        discussion: """
            Shards in work have 60 s, a training writes a checkpoint; the same run command goes on. For example:

              pyhealth-coord drain runs/m1
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    func run() throws {
        try reporting {
            try OperatorMailbox.post(.drain, runDirectory: folder)
            print("asked; see: pyhealth-coord status \(folder)")
        }
    }
}

/// `pyhealth-coord cancel`: ends a run at once.
struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Asks a running job to end at once, for good (exit status 77).",
        discussion: """
            Nothing that is finished is lost; the run folder may be given to another job. For example:

              pyhealth-coord cancel runs/m1
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    func run() throws {
        try reporting {
            try OperatorMailbox.post(.cancel, runDirectory: folder)
            print("asked; see: pyhealth-coord status \(folder)")
        }
    }
}

/// `pyhealth-coord recover`: rebuilds a lost or damaged journal.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Rebuilds a lost or damaged journal from the files of shards.",
        discussion: """
            Looks at every shard's files of unfinished stages, with their digests; the next run goes on with what is whole. \
            For example:

              pyhealth-coord recover runs/m1
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    func run() throws {
        try reporting {
            let report = try RunRecovery.recover(runDirectory: folder)
            print(
                "\(report.recovered) shards of \(report.stages) unfinished stages found again, \(report.known) known, "
                    + "\(report.tornBytes) torn bytes; written to \(report.journal)")
        }
    }
}

/// `pyhealth-coord journal`: what coordinators wrote down.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Prints a run's journals, one record per line as JSON.",
        discussion: """
            Results of shards are left out. For example:

              pyhealth-coord journal runs/m1
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    func run() throws {
        try reporting {
            guard access("\(folder)/job.pb", R_OK) == 0 else {
                throw FileError("open", path: "\(folder)/job.pb", errorNumber: errno)
            }
            try JournalText.lines(runDirectory: folder) { print($0) }
        }
    }
}

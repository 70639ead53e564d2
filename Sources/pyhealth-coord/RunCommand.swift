import ArgumentParser
import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork
import Logging
import Stages
import Wiring

/// `pyhealth-coord run`: runs a job, or goes on with it.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a job, or goes on with one that was interrupted.",
        discussion: """
            For example:

              pyhealth-coord run job.yaml --set dataset.root=/data/mimic3 --workers 2 --output runs/m1
              pyhealth-coord run job.yaml --until samples --output runs/m1
              pyhealth-coord run job.yaml --workers 0 --listen tcp://0.0.0.0:5555 --output /shared/runs/m1

            The same command again does nothing that is already done; a changed job computes anew what depends on the change.
            """)

    @Argument(help: "The run file (YAML).")
    var job: String

    @Option(help: "The run's output folder, on a disk that all workers see.")
    var output: String

    @Option(help: "Local worker processes to start.")
    var workers = 1

    @Option(help: "With fewer workers a training is paused; after an hour of that the job ends with 75.")
    var minWorkers = 1

    @Option(
        help: "Workers in a training at most; others are kept for those that are lost. By default no limit.")
    var maxWorkers: Int?

    @Flag(help: "If another coordinator has the output folder, wait and take over when it is gone.")
    var standby = false

    @Option(help: "An endpoint for workers on other machines, for example tcp://0.0.0.0:5555.")
    var listen: String?

    @Option(help: "Answer GET /metrics (Prometheus) here, for example tcp://127.0.0.1:9464.")
    var metrics: String?

    @Option(
        help: "How workers add up gradients: auto, direct, rhd or two-level. Results do not depend on it.")
    var route = CollectiveRoute.Wish.auto

    @Option(help: "Bytes of gradients that travel together; 0: 4 MiB. Results do not depend on it.")
    var bucketBytes = 0

    @Option(
        help:
            "The folder with the coordinator's keys (see pyhealth-coord keygen); by default keys/ in --output."
    )
    var keys: String?

    @Flag(help: "--listen without keys, on 127.0.0.1, [::1] and localhost only.")
    var insecure = false

    @Option(
        name: .customLong("set"), help: "Changes a key of the run file, for example --set trainer.epochs=10.")
    var overrides: [String] = []

    @Option(help: "Stop after a stage: events, samples, train or evaluate.")
    var until = "evaluate"

    @Option(
        help:
            "Go on from this checkpoint (last.h5 of another run of the same job), for example with more epochs."
    )
    var resume: String?

    @Flag(help: "No progress lines.")
    var quiet = false

    func validate() throws {
        guard workers >= 0 else { throw ValidationError("--workers: expected 0 or more, got \(workers).") }
        guard bucketBytes == 0 || (128...64 << 20).contains(bucketBytes) else {
            throw ValidationError("--bucket-bytes: expected 0 or 128 to 67108864, got \(bucketBytes).")
        }
        guard metrics?.hasPrefix("tcp://") != false else {
            throw ValidationError("--metrics: expected an endpoint, for example tcp://127.0.0.1:9464.")
        }
        guard minWorkers >= 1 else {
            throw ValidationError("--min-workers: expected 1 or more, got \(minWorkers).")
        }
        guard maxWorkers.map({ $0 >= minWorkers }) ?? true else {
            throw ValidationError(
                "--max-workers: expected --min-workers (\(minWorkers)) or more, got \(maxWorkers ?? 0).")
        }
        guard listen?.contains("://") != false else {
            throw ValidationError("--listen: expected an endpoint, for example tcp://0.0.0.0:5555.")
        }
        guard listen?.hasPrefix("tcp://") == true || keys == nil && !insecure else {
            throw ValidationError(
                "\(insecure ? "--insecure" : "--keys"): only for --listen tcp://…; there is nothing to protect without it."
            )
        }
    }

    func run() throws {
        // Takes as long as reading the run file.
        DispatchQueue.global().async { _ = BuildInformation.numericFingerprint }
        // Results are files; what is printed repeats them.
        try reporting(isResult: false) {
            let job = try JobConfiguration.load(path: job, overrides: try settings(overrides))
            guard let last = StopAfter(rawValue: until) else {
                throw ConfigurationError(
                    "until", "--until: expected events, samples, train or evaluate, got \"\(until)\".")
            }
            guard job.modelName != nil || last == .events || last == .samples else {
                throw ConfigurationError(
                    "no-model",
                    job.tasks.isEmpty
                        ? "\(self.job): there is no \"model\" section. Add one, or use --until samples."
                        : "\(self.job): of several tasks only samples are made. Use --until samples.")
            }
            let setup = try JobSetup(job)
            if last == .train || last == .evaluate { try setup.checkModelInputs() }
            if let resume { try check(resume: resume) }
            try RunPublisher(runDirectory: output).requireOwnFolder(apartFrom: job.dataset.root)
            try run(job, until: last)
        }
    }

    /// Throws `ConfigurationError` where there is no checkpoint, and for one that this run is going to replace.
    private func check(resume: String) throws {
        try ConfigurationDocument.requireFile(resume, key: "--resume")
        let file = URL(fileURLWithPath: resume).resolvingSymlinksInPath().path
        let folder = URL(fileURLWithPath: output).resolvingSymlinksInPath().path
        guard !file.hasPrefix("\(folder)/") else {
            throw ConfigurationError(
                "resume",
                "--resume: the checkpoint lies in this run's own --output, where the run replaces it, so that the same command "
                    + "could not be given again. Choose another --output, or copy last.h5 and best.h5 elsewhere first."
            )
        }
        guard try TrainingSetup.isCheckpoint(resume) else {
            throw ConfigurationError(
                "resume",
                "--resume: \"\(resume)\" is no checkpoint. Give checkpoints/last.h5 of another run of the same job."
            )
        }
    }

    private func run(_ job: JobConfiguration, until last: StopAfter) throws {
        let printer = ProgressPrinter(isQuiet: quiet)
        var options = CoordinatorOptions(
            runDirectory: output, buildVersion: BuildInformation.build,
            numericFingerprint: BuildInformation.numericFingerprint)
        options.localWorkers = workers
        options.listen = listen
        options.metrics = metrics
        options.minWorkers = minWorkers
        options.maxWorkers = maxWorkers
        options.standby = standby
        options.route = route
        options.bucketBytes = bucketBytes
        options.keys = keys
        options.isInsecure = insecure
        options.workerEnvironment = ["OPENBLAS_NUM_THREADS": "1"]
        options.progress = { printer.show($0) }
        options.logger = Logger(label: "pyhealth-coord") { TerminalLogHandler(label: $0, level: .warning) }
        let stop = StopToken()
        options.stop = stop
        let signals = StopSignals(stop)
        defer { signals.end() }
        let started = Date()
        let driver = PipelineDriver(job: job, runDirectory: output, until: last, resume: resume?.absolutePath)
        var isThere = false
        var digestsBefore: [String: String] = [:]
        // Whoever had the folder before may have worked until now.
        let begin = {
            isThere = RunReport.isThere(job, runDirectory: output)
            digestsBefore = PublishedDigests(runDirectory: output).known
        }
        try Coordinator.run(
            job: try driver.specification(), driver: driver, options: options, begin: begin
        ) { outcome in
            let report = try RunReport(
                job: job, runDirectory: output, outcome: outcome,
                seconds: Date().timeIntervalSince(started), isThere: isThere, digestsBefore: digestsBefore
            ).write()
            let stages = outcome.stages.map(StageOutcome.init)
            printer.finish(
                try RunFiles.metrics(of: stages, runDirectory: output),
                warnings: try RunFiles.warnings(of: stages, runDirectory: output), report: report)
        }
    }
}

extension CollectiveRoute.Wish: ExpressibleByArgument {}

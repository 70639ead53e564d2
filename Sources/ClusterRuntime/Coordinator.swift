import ClusterProtocol
import Foundation
import Groundwork
import Logging
import ZeroMQ

/// Runs a job's stages over worker processes.
package enum Coordinator {
    /// Runs `job` as `driver` asks until it is finished; continues an interrupted run of the same job.
    ///
    /// `begin` is called before anything else once nobody else may write into the run directory, `end` while nobody may yet.
    /// Throws ``ClusterError`` and whatever the driver or an executor failed with.
    @discardableResult
    package static func run(
        job: JobSpec, driver: any JobDriver, options: CoordinatorOptions, begin: () throws -> Void = {},
        end: (JobOutcome) throws -> Void = { _ in }
    ) throws -> JobOutcome {
        let session = try CoordinatorSession(job: job, options: options)
        let outcome = try run(session, driver, begin)
        try withExtendedLifetime(session) { try session.conclude { try end(outcome) } }
        return outcome
    }

    private static func run(
        _ session: CoordinatorSession, _ driver: any JobDriver, _ begin: () throws -> Void
    ) throws -> JobOutcome {
        var driver = driver
        do {
            try begin()
            while true {
                do {
                    let step = try session.waitingForSpace { try driver.next(after: session.stages) }
                    guard case .stage(let spec) = step else { break }
                    try session.run(spec)
                } catch let damage as DamagedInput {
                    try session.goBack(damage)
                } catch let stale as StaleStages {
                    try session.withdraw(from: stale.first)
                    throw stale.cause
                }
            }
            return try session.finish()
        } catch {
            session.abort(error)
            throw error
        }
    }
}

/// One coordinator's work on a run directory, on the thread that runs the driver.
private final class CoordinatorSession {
    /// Times that workers may tell of damage that has been mended already.
    private static let mostStaleDamages = 3

    private(set) var stages: [FinishedStage] = []
    /// Of the finished stages.
    private var specs: [StageSpec] = []
    /// What is left of stages with a damaged file, until they are finished again.
    private var withdrawn: [String: (place: StageFiles.Place, remains: StageFiles.Remains)] = [:]
    /// Shards that were computed again because of damage.
    private var madeAgain: Set<String> = []
    private var staleDamages = 0
    private var timings: [JobOutcome.StageTiming] = []
    private let job: JobSpec
    private let options: CoordinatorOptions
    private let directory: RunDirectory
    private let lock: RunLock
    private let ledger: RunLedger
    private let loop: CoordinatorLoop
    private let socketFolder: String

    init(job: JobSpec, options: CoordinatorOptions) throws {
        self.job = job
        self.options = options
        directory = try RunDirectory(options.runDirectory)
        let protection = try Protection.coordinator(
            listen: options.listen, keys: options.keys, isInsecure: options.isInsecure,
            runDirectory: directory.path)
        try ProcessHardening.requireDescriptors(processes: options.localWorkers)
        let (lock, former) = try Self.takeOver(directory, options, pair: protection?.pair)
        self.lock = lock
        OperatorMailbox.empty(directory)
        try Self.claim(directory, job)
        ledger = try RunLedger(directory, build: options.buildVersion)
        socketFolder = try SocketPlaces.folder(runDirectory: directory.path)
        loop = try CoordinatorLoop(
            CoordinatorLoop.Setup(
                job: job, options: options, ledger: ledger,
                endpoint: SocketPlaces.coordinatorEndpoint(in: socketFolder),
                survivors: former?.host == SystemFacts.host ? former?.workers ?? [] : [],
                protection: protection, token: try TokenFile.write(directory, epoch: ledger.epoch)))
        startJournal()
        try loop.start()
        let mailbox = loop.mailbox
        options.stop?.whenRequested { mailbox.post(.drain(shardGrace: 0)) }
    }

    /// The right to the directory; with `standby` waits until whoever has it is gone.
    private static func takeOver(
        _ directory: RunDirectory, _ options: CoordinatorOptions, pair: CurveKeyPair?
    ) throws -> (RunLock, WireRendezvous?) {
        var isTold = false
        while true {
            do {
                let lock = try RunLock(directory)
                if isTold { try refuseCancelled(directory) }
                let former = try Rendezvous.last(in: directory)
                // File locks may not reach other machines.
                try Rendezvous.refuseIfAlive(former, at: directory.path, pair: pair)
                return (lock, former)
            } catch ClusterError.coordinatorRunning(_, let host, let pid) where options.standby {
                if options.stop?.isRequested == true { throw ClusterError.interrupted(path: directory.path) }
                if !isTold {
                    options.logger?.warning(
                        "standing by: \(host) (process \(pid)) coordinates; this process takes over when it is gone"
                    )
                }
                isTold = true
                usleep(500_000)
            }
        }
    }

    /// Whoever stood by does not go on with what was cancelled meanwhile.
    private static func refuseCancelled(_ directory: RunDirectory) throws {
        let last = try? directory.read(WireStatus.self, "status.pb")
        if last?.exitStatus == ExitStatus.notPermitted.rawValue {
            throw ClusterError.cancelled(path: directory.path)
        }
    }

    // MARK: Stages

    /// Runs a stage, or takes it from an earlier run.
    func run(_ spec: StageSpec) throws {
        if isStopped { throw ClusterError.interrupted(path: directory.path) }
        let files = StageFiles(directory: directory, spec: spec)
        try files.validate()
        let (cached, wasInvalid) = try waitingForSpace { try files.load(epoch: epoch) }
        if wasInvalid { loop.mailbox.post(.log(.stageInvalid(stage: spec.id, name: spec.name))) }
        if let cached {
            loop.mailbox.post(.stageCached(cached, number: stages.count + 1))
            return note(spec, cached, StageFigures())
        }
        try waitingForSpace { try directory.createFolder(stageFolder(spec.id)) }
        let commits = withdrawn[spec.id]?.remains.commits ?? ledger.earlierCommits(files)
        let opening = ledger.openRecord(files)
        try waitingForSpace { try files.recordOpening(opening.stageOpen) }
        loop.journal.append(opening)
        let (made, figures) = try compute(spec, files, commits)
        if let (place, remains) = withdrawn.removeValue(forKey: spec.id),
            made[place.shard].outputs.map(\.sha256) != remains.digests
        {
            throw ClusterError.nonDeterministic(stage: spec.name, shard: files.items[place.shard].name)
        }
        let finished = try waitingForSpace {
            try files.publish(made, build: options.buildVersion, epoch: ledger.epoch)
        }
        loop.journal.append(ledger.publishedRecord(files))
        note(spec, finished, figures)
    }

    /// Runs `body`, again and again while the disk is full, until the job ends otherwise or somebody stops it.
    func waitingForSpace<R>(_ body: () throws -> R) throws -> R {
        let (mailbox, outcomes) = (loop.mailbox, loop.outcomes)
        do {
            return try DiskSpace.retrying(
                tellingOnce: { mailbox.post(.log($0 ? .diskFull(instance: 0) : .diskHasSpace(instance: 0))) },
                isStopped: { !outcomes.isEmpty || isStopped }, body)
        } catch  where DiskSpace.isExhausted(error) {
            if !outcomes.isEmpty, case .failed(let reason) = outcomes.take() { throw reason }
            throw isStopped ? ClusterError.interrupted(path: directory.path) : error
        }
    }

    /// Runs `body` when the loop has ended, again and again while the disk is full.
    func conclude(_ body: () throws -> Void) throws {
        do {
            try DiskSpace.retrying(
                tellingOnce: { isFull in if isFull { options.logger?.warning("disk-full") } },
                isStopped: { isStopped },
                body)
        } catch  where DiskSpace.isExhausted(error) && isStopped {
            throw ClusterError.interrupted(path: directory.path)
        }
    }

    private var isStopped: Bool { options.stop?.isRequested == true }

    private func compute(
        _ spec: StageSpec, _ files: StageFiles, _ commits: [Int: WireShardCommit]
    ) throws -> ([WireShardCommit], StageFigures) {
        let number = stages.count + 1
        switch spec.kind {
        case .shards:
            let table = ShardTable(
                stage: spec.id, stageName: spec.name, items: files.items, epoch: epoch, commits: commits,
                isAgain: withdrawn[spec.id] != nil)
            loop.mailbox.post(.openShards(table, number: number))
        case .training(let payload, let ranks):
            if let commit = commits[0] { return ([commit], StageFigures()) }
            var training = TrainingSpec(
                stage: spec.id, stageName: spec.name, payload: payload, virtualRanks: ranks,
                folder: files.trainingFolder, epoch: epoch, expectedWorkers: options.localWorkers,
                joinDelay: options.joinDelay)
            training.route = options.route
            training.bucketBytes = options.bucketBytes
            training.minimumMembers = options.minWorkers
            training.maximumMembers = options.maxWorkers ?? .max
            training.pauseLimit = options.pauseLimit
            loop.mailbox.post(.openTraining(training, number: number))
        }
        switch loop.outcomes.take() {
        case .done(let commits, let figures): return (commits, figures)
        case .failed(let error): throw error
        case .inputDamaged(let failure): throw DamagedInput(failure)
        case nil: throw ClusterError.unavailable(reason: "The coordinator's loop has ended.")
        }
    }

    // MARK: Damage

    /// Goes back to the stage that made a damaged file; of that only the file's shard is computed again, and only once.
    func goBack(_ damage: DamagedInput) throws {
        for (number, spec) in specs.enumerated() {
            let files = StageFiles(directory: directory, spec: spec)
            guard let place = try files.place(of: damage.path) else { continue }
            let shard = files.items[place.shard].name
            guard madeAgain.insert("\(spec.id) \(shard)").inserted else { throw ClusterError(damage) }
            try ledger.requireLatest()
            // Unfinished trainings may have learnt from what was damaged.
            try StageFiles.beginTrainingsAnew(in: directory, epoch: epoch, again: madeAgain.count)
            withdrawn[spec.id] = (place, try ledger.takeBack(place, of: files, write: loop.journal.write))
            loop.mailbox.post(.log(.inputDamaged(stage: spec.name, shard: shard, code: damage.code)))
            stages.removeSubrange(number...)
            specs.removeSubrange(number...)
            return
        }
        // A file that has been made again meanwhile: the stage is opened with the new one.
        staleDamages += 1
        guard staleDamages <= Self.mostStaleDamages else { throw ClusterError(damage) }
    }

    /// Has the finished stages from `first` on computed again by whoever goes on.
    func withdraw(from first: Int) throws {
        for spec in specs.dropFirst(first) {
            try ledger.takeBack(StageFiles(directory: directory, spec: spec), write: loop.journal.write)
        }
    }

    private var epoch: UInt64 { ledger.epoch }

    private func note(_ spec: StageSpec, _ stage: FinishedStage, _ figures: StageFigures) {
        stages.append(stage)
        specs.append(spec)
        // A stage that was finished before somebody went back has its figures.
        if stage.cached, timings.contains(where: { $0.id == stage.id }) { return }
        timings.removeAll { $0.id == stage.id }
        timings.append(
            JobOutcome.StageTiming(
                id: stage.id, name: stage.name, cached: stage.cached, shards: stage.shards.count,
                seconds: figures.seconds, computeSeconds: figures.computeSeconds,
                bytes: Int(clamping: figures.bytes)))
    }

    // MARK: Beginning and end

    /// Takes the directory for this job, unless it holds an unfinished run of another one.
    private static func claim(_ directory: RunDirectory, _ job: JobSpec) throws {
        if let other = try directory.read(WireJob.self, "job.pb"), other.digest != job.digest, !other.finished
        {
            throw ClusterError.wrongJob(path: directory.path, differences: differences(other, job))
        }
        try directory.write(record(job, finished: false), "job.pb")
    }

    private static func record(_ job: JobSpec, finished: Bool) -> WireJob {
        var record = WireJob()
        record.digest = job.digest
        record.name = job.name
        record.finished = finished
        record.settings = job.settings.map { setting in
            var item = WireSetting()
            item.key = setting.key
            item.value = setting.value
            return item
        }
        return record
    }

    /// The keys whose values differ.
    private static func differences(_ other: WireJob, _ job: JobSpec) -> [String] {
        let theirs = Dictionary(other.settings.map { ($0.key, $0.value) }) { first, _ in first }
        let ours = Dictionary(job.settings.map { ($0.key, $0.value) }) { first, _ in first }
        let keys = Set(theirs.keys).union(ours.keys).filter { theirs[$0] != ours[$0] }.sorted()
        return keys.isEmpty ? ["the job's digest"] : keys
    }

    private func startJournal() {
        let history = ledger.history
        loop.journal.append(ledger.startRecord(job: job.digest, build: options.buildVersion))
        loop.mailbox.post(.log(.epochStarted(epoch: epoch, build: options.buildVersion)))
        for (epoch, bytes) in history.torn {
            loop.mailbox.post(.log(.journalTorn(epoch: epoch, bytes: bytes)))
        }
        if history.committedCount > 0 {
            loop.mailbox.post(
                .log(.jobResumed(committed: history.committedCount, stages: history.inputs.count)))
        }
    }

    func finish() throws -> JobOutcome {
        try ledger.requireLatest()
        // What may fail comes before anybody is told that the job is over.
        try waitingForSpace { try directory.write(Self.record(job, finished: true), "job.pb") }
        var record = WireJournalRecord()
        record.jobEnded.exitStatus = 0
        loop.journal.append(record)
        let totals = loop.finish(state: "finished", failure: nil)
        // The run is finished by job.pb: nobody waits for space for the last record.
        loop.journal.finish()
        tidyUp()
        loop.close()
        return JobOutcome(
            stages: stages, timings: timings, processes: totals?.processes ?? [],
            recoveries: JobOutcome.Recoveries(totals?.counters ?? WireCounters()),
            timeline: totals?.timeline ?? [], restarts: ledger.history.restarts(of: job.digest))
    }

    func abort(_ error: any Error) {
        var failure = error as? ClusterError
        if case .superseded = failure {
            // The run is another's: its files stay as they are.
            loop.journal.abandon(error)
            _ = loop.finish(state: "superseded", failure: failure)
            loop.journal.finish()
            return loop.close()
        }
        var state = "failed"
        if case .interrupted = failure { state = "interrupted" }
        if failure == nil, let known = error as? any PyHealthError {
            failure = .jobFailed(code: known.code, message: known.message, exitStatus: known.exitStatus)
        }
        var record = WireJournalRecord()
        record.jobEnded.exitStatus = failure?.exitStatus.rawValue ?? ExitStatus.internal.rawValue
        // Shards may be committed until the loop has ended; the end is the last record.
        _ = loop.finish(state: state, failure: failure)
        loop.journal.append(record)
        loop.journal.finish()
        // A job that its own data or settings ended is over: its folder may be given to one that mends them.
        if [.data, .configuration, .notPermitted].contains(failure?.exitStatus) {
            try? directory.write(Self.record(job, finished: true), "job.pb")
        }
        tidyUp()
        loop.close()
    }

    /// Removes sockets, and what workers were writing when they ended.
    private func tidyUp() {
        try? FileManager.default.removeItem(atPath: socketFolder)
        for stage in directory.names(in: "stage") {
            for name in directory.names(in: "stage/\(stage)") where name.contains(".tmp.") {
                unlink(directory.file("stage/\(stage)/\(name)"))
            }
        }
    }
}

import ClusterProtocol
import Foundation
import Groundwork
import Logging

/// Tells people how a run is doing: event log, progress, `status.pb`. Belongs to the coordinator's loop.
final class RunWatch {
    /// Faults kept in the status.
    static let mostFaults = 20

    private let setup: CoordinatorLoop.Setup
    private let log: EventLog
    private let started = Date()
    private let startedAt = SystemFacts.now()
    /// What workers did when, that of earlier coordinators of this job included.
    private(set) var timeline: WorkTimeline
    private var stages: [WireStageStatus] = []
    private var number = 0
    private var opened: Seconds = 0
    /// What was done when, as the rate counts it: at the opening, for a training when it was first heard of.
    private var base: (done: Double, at: Seconds)?
    private var isOpen = false
    /// The newest faults, each with its time of day.
    private var faults: [String] = []
    /// The status at the end of the run.
    private var last: WireStatus?
    /// The run's first fault: what follows is often its consequence.
    private var firstFault: String
    private var processUsage: [Instance: JobOutcome.ProcessUsage] = [:]
    /// Processes of earlier incarnations of this job's coordinator, it included.
    private let earlier: [WireWorkerStatus]
    /// Finished stages of earlier incarnations, and those that this one had to go back behind.
    private var earlierStages: [WireStageStatus]
    /// What earlier incarnations counted, as of their last status.
    private let earlierCounters: WireCounters
    private var hellos: [Instance: WireHello] = [:]
    /// Those of them that may be the coordinator's own processes.
    private var locals: Set<Instance> = []
    /// Seconds between two looks at the workers, for each of them.
    private static let lookingPerWorker = 0.001
    private var lastLook: Seconds = 0
    private var lastProgress: Seconds = 0
    private var lastStatus: Seconds = 0
    /// Local workers started in place of others.
    var restarts = 0
    /// Connections and messages refused, peers barred.
    var refused = (connections: 0, messages: 0, barred: 0)

    /// Opens the log.
    init(_ setup: CoordinatorLoop.Setup) throws {
        self.setup = setup
        log = try EventLog(path: setup.directory.file("log.jsonl"), epoch: setup.epoch)
        let last = Self.lastStatus(setup)
        earlier = last.map(Self.processes) ?? []
        earlierStages = last?.stages ?? []
        earlierCounters = last?.counters ?? WireCounters()
        timeline = WorkTimeline(after: last?.timeline ?? [])
        firstFault = last?.firstFault ?? ""
    }

    /// The last status of the same job, if that did not finish.
    private static func lastStatus(_ setup: CoordinatorLoop.Setup) -> WireStatus? {
        guard let last = try? setup.directory.read(WireStatus.self, "status.pb"), last.state != "finished",
            last.job == setup.job.digest
        else { return nil }
        return last
    }

    /// The processes of an earlier incarnation.
    private static func processes(_ last: WireStatus) -> [WireWorkerStatus] {
        var coordinator = WireWorkerStatus()
        coordinator.instance = "coordinator"
        coordinator.host = last.host
        coordinator.pid = last.pid
        coordinator.peakResidentBytes = last.peakResidentBytes
        coordinator.cpuSeconds = last.cpuSeconds
        return ([coordinator] + last.workers).map {
            var process = $0
            process.state = "ended"
            process.work = ""
            return process
        }
    }

    /// Earlier processes but those that went on working for this coordinator.
    private var endedEarlier: [WireWorkerStatus] {
        let here = Set(processUsage.values.map { "\($0.host) \($0.pid)" })
        return earlier.filter { !here.contains("\($0.host) \($0.pid)") }
    }

    /// Whether a stage is under way.
    var isStageOpen: Bool { isOpen }

    // MARK: Events

    /// Writes an event to the log, and tells people if it is a fault.
    func report(_ event: ClusterEvent) {
        log.write(event)
        if case .workerLost(let instance, _) = event { timeline.lose(instance, at: time(SystemFacts.now())) }
        guard event.isFault else { return }
        let words = EventLog.words(event)
        let told = "\(Date().formatted(.iso8601.time(includingFractionalSeconds: false))) \(words)"
        if firstFault.isEmpty { firstFault = told }
        faults = Array((faults + [told]).suffix(Self.mostFaults))
        // The command itself prints why a job failed.
        if case .jobFailed = event { return }
        setup.options.logger?.warning("\(words)")
    }

    /// A stage begins.
    func opened(id: String, name: String, number: Int, total: Double, done: Double) {
        var stage = WireStageStatus()
        stage.id = id
        stage.name = name
        stage.state = "running"
        stage.total = total
        stage.done = done
        begin(stage, number: number)
        opened = SystemFacts.now()
        base = total > 0 ? (done, opened) : nil
        isOpen = true
        report(.stageOpened(stage: id, name: name, shards: Int(total), committed: Int(done)))
    }

    /// Goes on to a stage, or back to one.
    private func begin(_ stage: WireStageStatus, number: Int) {
        earlierStages += stages.dropFirst(number - 1)
        stages.removeLast(max(0, stages.count - (number - 1)))
        stages.append(stage)
        self.number = number
    }

    /// A stage had been finished before.
    func cached(_ finished: FinishedStage, number: Int) {
        var stage = WireStageStatus()
        stage.id = finished.id
        stage.name = finished.name
        stage.state = "cached"
        stage.done = Double(finished.shards.count)
        stage.total = stage.done
        if let earlier = earlierStages.last(where: { $0.id == finished.id }) {
            stage.seconds = earlier.seconds
            stage.computeSeconds = earlier.computeSeconds
            stage.bytes = earlier.bytes
        }
        begin(stage, number: number)
        report(.stageCached(stage: finished.id, name: finished.name))
        setup.options.progress?(report(stage, workers: 0, isFinal: true))
    }

    /// The open stage is complete.
    func finished(_ machine: CoordinatorMachine, now: Seconds) -> StageFigures {
        isOpen = false
        var figures = StageFigures()
        figures.seconds = now - opened
        figures.computeSeconds = machine.totals.computeSeconds
        figures.bytes = machine.totals.inputBytes
        guard var stage = stages.popLast() else { return figures }
        stage.state = "finished"
        stage.done = max(stage.total, 1)
        stage.total = stage.done
        stage.seconds = figures.seconds
        stage.rate = rate(stage, now: now)
        stage.secondsLeft = 0
        stage.computeSeconds = figures.computeSeconds
        stage.bytes = max(figures.bytes, stage.bytes)
        stages.append(stage)
        report(
            .stageFinished(
                stage: stage.id, name: stage.name, seconds: figures.seconds,
                computeSeconds: figures.computeSeconds, bytes: figures.bytes))
        setup.options.progress?(report(stage, workers: machine.workers.count, isFinal: true))
        return figures
    }

    // MARK: Workers

    /// A worker said Hello; a process that comes back under another number is no longer the former one.
    func joined(_ instance: Instance, _ hello: WireHello, isLocal: Bool) {
        let former = hellos.filter {
            ($0.value.host, $0.value.pid) == (hello.host, hello.pid) && locals.contains($0.key) == isLocal
        }
        for instance in former.keys { hellos[instance] = nil }
        locals.subtract(former.keys)
        hellos[instance] = hello
        if isLocal { locals.insert(instance) }
    }

    /// The process of a worker on this machine.
    func pid(of instance: Instance) -> UInt32? {
        locals.contains(instance) ? hellos[instance]?.pid : nil
    }

    /// The newest instance of a process on this machine.
    func localInstance(pid: UInt32) -> Instance? {
        hellos.first { $0.value.pid == pid && locals.contains($0.key) }?.key
    }

    /// What every process used so far.
    func processes() -> [JobOutcome.ProcessUsage] {
        let own = SystemFacts.usage()
        let coordinator = JobOutcome.ProcessUsage(
            role: "coordinator", host: SystemFacts.host, pid: Int(getpid()),
            peakResidentBytes: Int(clamping: own.peakResidentBytes), cpuSeconds: own.cpuSeconds)
        let before = endedEarlier.map {
            JobOutcome.ProcessUsage(
                role: $0.instance == "coordinator" ? "coordinator" : "worker", host: $0.host,
                pid: Int($0.pid),
                peakResidentBytes: Int(clamping: $0.peakResidentBytes), cpuSeconds: $0.cpuSeconds)
        }
        return before + [coordinator] + processUsage.values.sorted { ($0.host, $0.pid) < ($1.host, $1.pid) }
    }

    private func noteUsage(_ machine: CoordinatorMachine) {
        for instance in machine.workers.instances {
            guard let entry = machine.workers[instance] else { continue }
            processUsage[instance] = JobOutcome.ProcessUsage(
                role: "worker", host: entry.hello.host, pid: Int(entry.hello.pid),
                peakResidentBytes: Int(clamping: entry.usage.peakResidentBytes),
                cpuSeconds: entry.usage.cpuSeconds)
        }
    }

    /// The wall-clock time of a moment of the monotonic clock, seconds since 1970.
    private func time(_ now: Seconds) -> Double { started.timeIntervalSince1970 + now - startedAt }

    private func noteWork(_ machine: CoordinatorMachine, now: Seconds) {
        for instance in machine.workers.instances {
            guard let entry = machine.workers[instance] else { continue }
            let isTraining = machine.training?.members.contains(instance) ?? false
            let isBusy = isTraining || (machine.shards?.heldCount(by: instance) ?? 0) > 0
            timeline.note(
                instance, host: entry.hello.host, pid: entry.hello.pid,
                stage: isBusy ? stages.last?.name : nil, at: time(now))
        }
    }

    // MARK: Progress

    /// Tells progress four times a second and the status every second.
    func tick(_ machine: CoordinatorMachine, now: Seconds, isFinal: Bool = false) {
        // Twenty times a second for a few workers, once a second for a thousand.
        let interval = Self.lookingPerWorker * Double(machine.workers.count)
        guard isFinal || now - lastLook >= min(1, interval) else { return }
        lastLook = now
        noteUsage(machine)
        noteWork(machine, now: now)
        if isOpen { measure(machine, now: now) }
        if isOpen, now - lastProgress >= 0.25, let stage = stages.last {
            lastProgress = now
            setup.options.progress?(report(stage, workers: machine.workers.count, isFinal: false))
        }
        if now - lastStatus >= 1 {
            lastStatus = now
            write(status(machine, state: "running", now: now))
        }
    }

    /// The run is over.
    func ended(_ state: String, _ failure: ClusterError?, _ machine: CoordinatorMachine) {
        switch state {
        case "finished": report(.jobFinished(seconds: SystemFacts.now() - startedAt))
        case "interrupted": report(.jobInterrupted)
        default:
            report(
                .jobFailed(
                    code: failure?.code ?? "", exitStatus: failure?.exitStatus.rawValue ?? 70))
        }
        let now = SystemFacts.now()
        for instance in processUsage.keys.sorted() {
            timeline.note(instance, host: "", pid: 0, stage: nil, at: time(now))
        }
        var snapshot = status(machine, state: state, now: now)
        snapshot.workers = endedEarlier
        snapshot.workers += processUsage.sorted { $0.key < $1.key }.map { instance, usage in
            var worker = WireWorkerStatus()
            worker.instance = instanceName(instance)
            worker.host = usage.host
            worker.pid = UInt32(clamping: usage.pid)
            worker.state = "ended"
            worker.peakResidentBytes = UInt64(clamping: usage.peakResidentBytes)
            worker.cpuSeconds = usage.cpuSeconds
            return worker
        }
        snapshot.exitStatus = failure?.exitStatus.rawValue ?? 0
        snapshot.message = failure.map { $0.message } ?? ""
        last = snapshot
        write(snapshot)
    }

    private func measure(_ machine: CoordinatorMachine, now: Seconds) {
        guard var stage = stages.popLast() else { return }
        stage.bytes = machine.totals.inputBytes
        if let table = machine.shards {
            stage.done = Double(table.committedCount)
            for instance in machine.workers.instances where table.heldCount(by: instance) > 0 {
                guard let heartbeat = machine.workers[instance]?.heartbeat, heartbeat.total > 0 else {
                    continue
                }
                stage.done += min(0.99, Double(heartbeat.done) / Double(heartbeat.total))
                stage.bytes &+= heartbeat.bytes
            }
            stage.done = min(stage.done, stage.total)
        } else if let training = machine.training {
            let beats = training.members.compactMap { machine.workers[$0]?.heartbeat }
            // Between two generations nobody may have said how far he is.
            if let total = beats.map(\.total).max(), total > 0 {
                stage.total = Double(total)
                stage.done = Double(beats.map(\.done).max() ?? 0)
                base = base ?? (stage.done, now)
            }
        }
        stage.state = Self.state(machine)
        stage.seconds = now - opened
        stage.rate = rate(stage, now: now)
        stage.secondsLeft = stage.rate > 0 ? (stage.total - stage.done) / stage.rate : 0
        stages.append(stage)
    }

    private func rate(_ stage: WireStageStatus, now: Seconds) -> Double {
        base.map { max(0, stage.done - $0.done) / max(now - $0.at, 1e-6) } ?? 0
    }

    /// `running`, or why it is not.
    private static func state(_ machine: CoordinatorMachine) -> String {
        if machine.training?.pausedSince != nil { return "paused" }
        if !machine.diskFull.isEmpty { return "disk-full" }
        return machine.isDraining ? "draining" : "running"
    }

    private func report(_ stage: WireStageStatus, workers: Int, isFinal: Bool) -> ProgressReport {
        ProgressReport(
            stage: stage.name, stageNumber: number, done: stage.done, total: stage.total,
            rate: stage.rate > 0 ? stage.rate : nil, secondsLeft: stage.rate > 0 ? stage.secondsLeft : nil,
            bytes: Int(clamping: stage.bytes), workers: workers, seconds: stage.seconds, isFinal: isFinal,
            cached: stage.state == "cached")
    }

    // MARK: Status

    /// The present status for Prometheus, the last one once the run is over.
    func metrics(_ machine: CoordinatorMachine) -> String {
        PrometheusText(last ?? status(machine, state: "running", now: SystemFacts.now())).text
    }

    private func write(_ snapshot: WireStatus) {
        try? setup.directory.write(snapshot, "status.pb", durable: false)
    }

    private func status(_ machine: CoordinatorMachine, state: String, now: Seconds) -> WireStatus {
        var status = WireStatus()
        status.job = setup.job.digest
        status.name = setup.job.name
        status.build = setup.options.buildVersion
        status.epoch = setup.epoch
        status.state = state
        status.started = started.timeIntervalSince1970
        status.updated = Date().timeIntervalSince1970
        status.stages = stages
        status.workers = endedEarlier
        status.workers += machine.workers.instances.compactMap { worker($0, machine, now: now) }
        status.counters = counters(machine)
        status.lastFaults = faults
        status.firstFault = firstFault
        status.timeline = timeline.spans
        status.host = SystemFacts.host
        status.pid = UInt32(getpid())
        let own = SystemFacts.usage()
        status.peakResidentBytes = own.peakResidentBytes
        status.cpuSeconds = own.cpuSeconds
        return status
    }

    /// What went wrong and was repaired or refused, in all incarnations.
    func counters(_ machine: CoordinatorMachine) -> WireCounters {
        var counters = earlierCounters
        counters.workersLost += UInt64(machine.totals.workersLost)
        counters.attemptsRepeated += UInt64(machine.totals.attemptsRepeated)
        counters.duplicateResults += UInt64(machine.totals.duplicateResults)
        counters.generations += UInt64(machine.totals.generations)
        counters.workersRestarted += UInt64(restarts)
        counters.connectionsRefused += UInt64(refused.connections)
        counters.messagesRefused += UInt64(refused.messages)
        counters.peersBarred += UInt64(refused.barred)
        return counters
    }

    private func worker(
        _ instance: Instance, _ machine: CoordinatorMachine, now: Seconds
    ) -> WireWorkerStatus? {
        guard let entry = machine.workers[instance] else { return nil }
        var status = WireWorkerStatus()
        status.instance = instanceName(instance)
        status.host = entry.hello.host
        status.pid = entry.hello.pid
        let held = machine.shards?.held(by: instance) ?? []
        let isTraining = machine.training?.members.contains(instance) ?? false
        status.state =
            entry.isSuspect ? "suspect" : isTraining ? "training" : held.isEmpty ? "idle" : "working"
        status.work = held.first.flatMap { machine.shards?.name(of: $0) } ?? ""
        status.peakResidentBytes = entry.usage.peakResidentBytes
        status.cpuSeconds = entry.usage.cpuSeconds
        status.silentSeconds = max(0, now - entry.lastHeard)
        status.committed = UInt64(entry.committed)
        return status
    }
}

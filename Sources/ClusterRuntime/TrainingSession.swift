import ClusterProtocol
import Foundation
import Groundwork

/// One worker's training member and what it is told to do; belongs to the compute thread.
final class TrainingSession {
    /// Failures of this worker's members so far.
    private(set) var failures: UInt32
    private let open: WireTrainingOpen
    private let runDirectory: String
    private let instance: Instance
    private let job: UInt64
    private let counter: ProgressCounter
    private let control: CollectiveControl
    /// The coordinator's wish for a checkpoint.
    let checkpointRequest: CheckpointRequest
    private var member: (any TrainingMember)?
    private var collective: MemberCollective?
    private var computeSeconds = 0.0
    private var generation: UInt64 = 0

    /// A session whose member is made by the command `open`.
    init(
        _ open: WireTrainingOpen, runDirectory: String, instance: Instance, job: UInt64,
        counter: ProgressCounter, control: CollectiveControl, failures: UInt32,
        checkpointRequest: CheckpointRequest
    ) {
        self.open = open
        self.runDirectory = runDirectory
        self.instance = instance
        self.job = job
        self.counter = counter
        self.control = control
        self.failures = failures
        self.checkpointRequest = checkpointRequest
    }

    /// Does what was asked and returns the answer; nil if there is none (an interrupted run: the next request follows).
    func handle(
        _ command: TrainingCommand, executor: any WorkExecutor, network: PeerNetwork
    ) -> MessageBody? {
        defer { control.reached(member?.position ?? 0) }
        do {
            switch command {
            case .open: return try make(executor)
            case .prepare(let message): return prepare(message)
            case .plan(let message): return try plan(message, executor, network)
            case .run(let message): return try run(message)
            case .emergency:
                try member?.writeCheckpoint()
                return nil
            case .close: return nil
            }
        } catch is CollectiveInterrupted {
            return nil
        } catch let difference as StatesDiffer {
            return disagreed(difference)
        } catch {
            member = nil
            collective = nil
            failures += 1
            var message = WireTrainingFailed()
            message.training = open.folder
            message.generation = generation
            message.number = failures
            message.failure = failure(error, during: "stage \"\(open.stageName)\"")
            return .trainingFailed(message)
        }
    }

    /// A member at the newest checkpoint.
    private func newMember(_ executor: any WorkExecutor) throws -> any TrainingMember {
        let work = TrainingWork(
            stageID: open.stage, stageName: open.stageName, runDirectory: runDirectory, folder: open.folder,
            virtualRanks: Int(open.virtualRanks), instance: instanceName(instance),
            checkpointRequest: checkpointRequest)
        return try executor.trainingMember(payload: open.payload, work: work)
    }

    private func make(_ executor: any WorkExecutor) throws -> MessageBody {
        let member = try newMember(executor)
        self.member = member
        var message = WireOpened()
        message.training = open.folder
        message.position = member.position
        message.round = open.round
        message.damagedCheckpoints = UInt32(clamping: member.damagedCheckpoints)
        return .opened(message)
    }

    private func prepare(_ request: WirePrepare) -> MessageBody? {
        guard let member else { return nil }
        collective = nil
        generation = request.generation
        var message = WirePrepared()
        message.training = open.folder
        message.generation = request.generation
        message.position = member.position
        message.digest = member.stateDigest()
        return .prepared(message)
    }

    private func disagreed(_ difference: StatesDiffer) -> MessageBody {
        var message = WireDisagreed()
        message.training = open.folder
        message.generation = generation
        message.position = difference.position
        message.digests = difference.digests
        message.index = UInt32(collective?.memberIndex ?? 0)
        return .disagreed(message)
    }

    private func plan(
        _ request: WirePlan, _ executor: any WorkExecutor, _ network: PeerNetwork
    ) throws -> MessageBody? {
        guard let member, Int(request.index) < request.members.count else { return nil }
        let ranges = request.members.map { place in
            Int(place.firstVirtualRank)..<(Int(place.firstVirtualRank) + Int(place.virtualRanks))
        }
        collective?.end()
        try network.connect(to: request.members, me: Int(request.index))
        try copyState(request, of: member, network)
        var plan = CollectivePlan(
            generation: request.generation, job: job, index: Int(request.index), ranges: ranges,
            hosts: request.members.map { Int($0.host) })
        plan.route = CollectiveRoute(rawValue: request.route) ?? .direct
        if request.bucketBytes > 0 { plan.bucketBytes = Int(request.bucketBytes) }
        collective = MemberCollective(plan, carrier: network, control: control, progress: counter)
        var message = WireReady()
        message.training = open.folder
        message.generation = request.generation
        message.position = member.position
        message.digest = member.stateDigest()
        let isCopy = request.behind.contains(request.index)
        if isCopy, !request.digest.isEmpty, message.digest != request.digest {
            // Told once, kept by nobody: a later coordinator must not take it for the furthest state.
            self.member = nil
            self.member = try newMember(executor)
        }
        return .ready(message)
    }

    /// Gives the state to those that are behind, or takes it from those that are not.
    private func copyState(
        _ request: WirePlan, of member: any TrainingMember, _ network: PeerNetwork
    ) throws {
        let behind = request.behind.map { Int($0) }
        guard !behind.isEmpty else { return }
        let copy = StateCopy(
            generation: request.generation, job: job, me: Int(request.index), members: request.members.count,
            behind: behind, network: network, progress: counter)
        if behind.contains(Int(request.index)) {
            try member.restore(try copy.fetch())
        } else {
            try copy.serve(try member.state())
        }
    }

    private func run(_ request: WireGo) throws -> MessageBody? {
        guard let member, let collective else { return nil }
        let start = SystemFacts.now()
        control.go()
        collective.whenCalled = { [control] in control.reached(member.position) }
        defer {
            // The collective's thread must not touch the member's memory any more.
            collective.end()
            computeSeconds += SystemFacts.now() - start
        }
        let result = try member.run(with: collective, progress: counter)
        guard result.result.count <= ClusterLimits.payloadBytes else {
            throw ClusterError.tooLarge(
                what: "The result of stage \"\(open.stageName)\"", bytes: result.result.count)
        }
        var message = WireTrainingDone()
        message.training = open.folder
        message.generation = request.generation
        message.position = member.position
        message.result = result.result
        if collective.memberIndex == 0 {
            message.files = try result.files.map { path in
                var file = try OutputPublisher.describe("\(runDirectory)/\(path)")
                file.path = path
                file.name = (path as NSString).lastPathComponent
                return file
            }
        }
        message.computeSeconds = computeSeconds + SystemFacts.now() - start
        message.usage = SystemFacts.usage()
        return .trainingDone(message)
    }
}

import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork

/// Training members: what session, member and collective do in production happens here as events.
extension World {
    /// Does what a member is told; nil if there is no answer now.
    func train(_ command: TrainingCommand, _ worker: WorkerProcess) throws -> MessageBody? {
        if case .open(let message) = command {
            worker.fence = 0
            worker.member = SimulatedMember(training: message.folder)
            if let failure = readInputs(message, worker) { return failure }
            return try answer(worker, 0) {
                try loadCheckpoint(worker)
                return .opened(
                    .with { opened in
                        opened.training = message.folder
                        opened.round = message.round
                        opened.position = worker.member?.position ?? 0
                    })
            }
        }
        guard var member = worker.member else { return nil }
        defer { if worker.member != nil { worker.member = member } }
        switch command {
        case .open: return nil
        case .prepare(let message):
            member.gate = nil
            return .prepared(
                .with { prepared in
                    prepared.training = message.training
                    prepared.generation = message.generation
                    prepared.position = member.position
                    prepared.digest = member.digest
                })
        case .plan(let message):
            if member.position > message.position {
                throw Violation(
                    invariant: .steps,
                    details: "a member goes back from step \(member.position) to \(message.position)")
            }
            return try answer(worker, message.generation) { try plan(message, &member, worker) }
        case .run(let message):
            guard member.gate != nil, message.generation == member.plan.generation else { return nil }
            member.running = message.generation
            worker.isBusy = true
            post(.step(worker.id, generation: message.generation), after: 0)
            return nil
        case .emergency: return nil
        case .close:
            worker.member = nil
            return nil
        }
    }

    /// The answer of `body`, or the failure that it throws, with which the member is gone.
    private func answer(
        _ worker: WorkerProcess, _ generation: UInt64, _ body: () throws -> MessageBody
    ) throws -> MessageBody? {
        do { return try body() } catch let error as FileError {
            return failed(worker, generation, error)
        }
    }

    /// Reads the files of the shards; a failure if one cannot be read or is not as it was written.
    private func readInputs(_ open: WireTrainingOpen, _ worker: WorkerProcess) -> MessageBody? {
        let paths = String(decoding: open.payload, as: UTF8.self).split(separator: "\n").map(String.init)
        for (index, path) in paths.enumerated() {
            do {
                let data = try worker.disk.contents(of: "/run/\(path)")
                guard data != Promises.content(ofShard: index) else { continue }
                return failed(worker, 0, DamagedInput(path: path, cause: CocoaError(.fileReadCorruptFile)))
            } catch let error as FileError { return failed(worker, 0, error) } catch {}
        }
        return nil
    }

    private func failed(
        _ worker: WorkerProcess, _ generation: UInt64, _ error: any PyHealthError
    ) -> MessageBody {
        worker.failures += 1
        var message = WireTrainingFailed()
        message.training = worker.member?.training ?? ""
        message.generation = generation
        message.number = worker.failures
        message.failure = WireFailure(code: error.code, message: error.message, exitStatus: 74)
        message.failure.damagedInput = (error as? DamagedInput)?.path ?? ""
        worker.member = nil
        return .trainingFailed(message)
    }

    private func plan(
        _ message: WirePlan, _ member: inout SimulatedMember, _ worker: WorkerProcess
    ) throws -> MessageBody {
        var told = (position: member.position, digest: member.digest)
        if message.behind.contains(message.index), copyState(message, &member) {
            told = (member.position, member.digest)
            if told.digest != message.digest, rules.contains(.compareStates) {
                // Told once, kept by nobody.
                worker.member = SimulatedMember(training: member.training)
                try loadCheckpoint(worker)
                member = worker.member ?? member
            }
        }
        member.plan = message
        member.call = 0
        member.early = []
        member.gate = FrameGate(
            job: 1, generation: message.generation, memberIndex: Int(message.index),
            memberCount: message.members.count, rules: rules)
        return .ready(
            .with { ready in
                ready.training = message.training
                ready.generation = message.generation
                ready.position = told.position
                ready.digest = told.digest
            })
    }

    /// Copies the state of a member that is not behind, as it is now; the copy may have flipped bits. False: there is none.
    private func copyState(_ plan: WirePlan, _ member: inout SimulatedMember) -> Bool {
        for (place, other) in plan.members.enumerated() where !plan.behind.contains(UInt32(place)) {
            guard let id = Int(other.dataEndpoint), let holder = workers[id]?.member,
                holder.position == plan.position
            else { continue }
            (member.position, member.state) = (holder.position, holder.state)
            member.isRotten = now < Scenario.faultsEnd && chance(scenario.stateRot)
            // No two copies rot alike: two that did would be a majority over the right one.
            if member.isRotten { member.state ^= random.next() | 1 }
            return true
        }
        return false
    }

    // MARK: Checkpoints

    /// Leaves the state on disk if that was asked for, and says so.
    private func writeCheckpoint(_ member: SimulatedMember, _ worker: WorkerProcess) throws {
        guard worker.wantsCheckpoint, member.plan.index == 0 else { return }
        worker.wantsCheckpoint = false
        let name = "position.\(member.position).\(member.plan.generation).\(instanceName(worker.instance))"
        let path = "/run/\(member.training)/\(name)"
        do {
            try worker.disk.write(member.bytes, to: "\(path).tmp.\(worker.id)")
            try worker.disk.flush("\(path).tmp.\(worker.id)")
            try worker.disk.rename("\(path).tmp.\(worker.id)", to: path)
            try worker.disk.flush("/run/\(member.training)")
        } catch is FileError { return }
        var message = WireCheckpointed()
        message.training = member.training
        message.position = member.position
        post(.applied(worker.id, .checkpointed(message)), after: soon(0.02))
    }

    /// Takes the state of the furthest checkpoint.
    private func loadCheckpoint(_ worker: WorkerProcess) throws {
        guard let training = worker.member?.training else { return }
        for name in worker.disk.names(in: "/run/\(training)")
        where name.hasPrefix("position.") && !name.contains(".tmp.") {
            guard let data = try worker.disk.contents(of: "/run/\(training)/\(name)"),
                let (position, state) = SimulatedMember.decode(data), position > worker.member?.position ?? 0
            else { continue }
            worker.member?.position = position
            worker.member?.state = state
        }
        let kept = promises.kept[training] ?? 0
        guard let position = worker.member?.position, position < kept else { return }
        throw Violation(invariant: .kept, details: "a member begins at step \(position), \(kept) were kept")
    }

    // MARK: Collective

    /// Ends the collective of an earlier generation that a worker is inside of.
    func interrupt(_ worker: WorkerProcess, before generation: UInt64) {
        worker.fence = max(worker.fence, generation)
        guard let running = worker.member?.running, running < worker.fence else { return }
        stopRunning(worker)
    }

    private func stopRunning(_ worker: WorkerProcess) {
        worker.member?.running = nil
        worker.member?.isWaiting = false
        worker.isBusy = false
    }

    /// The member at work in `generation`, unless it was interrupted.
    private func running(_ id: Int, _ generation: UInt64) -> WorkerProcess? {
        guard let worker = workers[id], worker.member?.running == generation else { return nil }
        if generation >= worker.fence { return worker }
        stopRunning(worker)
        pump(worker)
        return nil
    }

    /// Begins the next collective call: own leaves go to everybody.
    func step(_ id: Int, generation: UInt64) throws {
        guard let worker = running(id, generation), var member = worker.member else { return }
        try writeCheckpoint(member, worker)
        if member.position >= scenario.steps { return finishTraining(worker, member) }
        member.call += 1
        member.isWaiting = true
        member.leaves = Array(repeating: nil, count: scenario.virtualRanks)
        for rank in member.ranks { member.leaves[rank] = SimulatedMember.leaf(rank, member.state) }
        var header = PeerFrame(
            kind: .partial, generation: generation, step: member.call, sender: member.plan.index)
        header.job = 1
        header.blockStart = UInt32(member.ranks.lowerBound)
        let frame = SimulatedMember.Frame(
            header: header, leaves: member.ranks.compactMap { member.leaves[$0] })
        for (place, other) in member.plan.members.enumerated() where place != Int(member.plan.index) {
            guard let id = Int(other.dataEndpoint), let receiver = workers[id] else { continue }
            send(.frame(to: id, frame), from: worker.host, to: receiver.host)
        }
        let waiting = member.early
        member.early = []
        worker.member = member
        for frame in waiting { try take(frame, at: id) }
        applyIfComplete(worker, generation)
    }

    /// A frame reaches a member.
    func take(_ frame: SimulatedMember.Frame, at id: Int) throws {
        guard let worker = workers[id], var member = worker.member, let gate = member.gate else { return }
        switch gate.place(of: frame.header, call: member.call) {
        case .never: return
        case .early: member.early.append(frame)
        case .now:
            guard let generation = member.running, member.isWaiting else { return }
            if frame.header.generation != generation {
                throw Violation(
                    invariant: .generations,
                    details: "a frame of generation \(frame.header.generation) was summed in \(generation)")
            }
            for (index, leaf) in frame.leaves.enumerated() {
                let rank = Int(frame.header.blockStart) + index
                if member.leaves[rank] == nil { member.leaves[rank] = leaf }
            }
        }
        worker.pulse += 1
        worker.member = member
        if let generation = member.running { applyIfComplete(worker, generation) }
    }

    private func applyIfComplete(_ worker: WorkerProcess, _ generation: UInt64) {
        guard var member = worker.member, member.isWaiting, !member.leaves.contains(nil) else { return }
        let leaves = member.leaves.compactMap { $0 }
        member.isWaiting = false
        member.leaves = []
        worker.pulse += 1
        member.state = SimulatedMember.next(member.state, leaves)
        if rules.contains(.swapAtOnce) {
            member.position += 1
            post(.step(worker.id, generation: generation), after: 0.01 + soon(0.06))
        } else {
            // The mutant writes over the state in use and counts the step a little later.
            post(.swap(worker.id, generation: generation), after: soon(0.05))
        }
        worker.member = member
    }

    func swap(_ id: Int, generation: UInt64) throws {
        guard let worker = running(id, generation) else { return }
        worker.member?.position += 1
        post(.step(id, generation: generation), after: 0.01)
    }

    private func finishTraining(_ worker: WorkerProcess, _ member: SimulatedMember) {
        var done = WireTrainingDone()
        done.training = member.training
        done.generation = member.plan.generation
        done.position = member.position
        stopRunning(worker)
        guard member.plan.index == 0 else {
            post(.applied(worker.id, .trained(.trainingDone(done))), after: 0)
            return pump(worker)
        }
        do {
            let path = "\(member.training)/result.g\(member.plan.generation)"
            let temporary = "/run/\(path).tmp.\(instanceName(worker.instance))"
            try worker.disk.write(member.bytes, to: temporary)
            try worker.disk.flush(temporary)
            try worker.disk.rename(temporary, to: "/run/\(path)")
            try worker.disk.flush("/run/\(member.training)")
            var file = try OutputPublisher.describe("/run/\(path)", disk: worker.disk)
            file.path = path
            done.files = [file]
            post(.applied(worker.id, .trained(.trainingDone(done))), after: 0)
        } catch let error as FileError {
            let message = failed(worker, member.plan.generation, error)
            post(.applied(worker.id, .trained(message)), after: 0)
        } catch {}
        pump(worker)
    }
}

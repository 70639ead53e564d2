/// Everything that the event log can say; a closed list of constants, numbers, names of stages and shards, and digests,
/// so that no patient value can get into it.
package enum ClusterEvent: Sendable, Equatable {
    case epochStarted(epoch: UInt64, build: String)
    case jobResumed(committed: Int, stages: Int)
    case journalTorn(epoch: UInt64, bytes: Int)
    case stageOpened(stage: String, name: String, shards: Int, committed: Int)
    case stageCached(stage: String, name: String)
    case stageInvalid(stage: String, name: String)
    case stageFinished(stage: String, name: String, seconds: Double, computeSeconds: Double, bytes: UInt64)
    case workerStarted(pid: Int32, slot: Int)
    case workerEnded(pid: Int32, slot: Int, cause: LossCause)
    case workerJoined(instance: Instance, pid: UInt32, host: String, cores: UInt32)
    case workerRejected(
        instance: Instance, pid: UInt32, host: String, code: String, theirs: String, ours: String)
    case workerSuspect(instance: Instance)
    case workerLost(instance: Instance, cause: LossCause)
    case attemptLost(stage: String, shard: String, attempt: UInt32, instance: Instance)
    case attemptFailed(stage: String, shard: String, attempt: UInt32, instance: Instance, code: String)
    case inputDamaged(stage: String, shard: String, code: String)
    case outputMissing(stage: String, shard: String, attempt: UInt32)
    case duplicateResult(stage: String, shard: String, attempt: UInt32)
    case generationStarted(stage: String, generation: UInt64, members: Int, position: UInt64)
    case memberFailed(stage: String, instance: Instance, code: String)
    case peerBarred(instance: Instance, reason: String)
    case connectionsRefused(reason: String, count: Int)
    case messagesRefused(reason: String, count: Int)
    case framesLost(stage: String, generation: UInt64, members: [String])
    case trainingPaused(stage: String, members: Int, minimum: Int, endsAfter: Seconds)
    case ranksMoved(stage: String, members: Int)
    case checkpointDamaged(stage: String, instance: Instance, files: Int, position: UInt64)
    case checkpointWritten(stage: String, position: UInt64)
    case straggler(stage: String, shard: String, attempt: UInt32, instance: Instance, seconds: Double)
    case shardQuarantined(stage: String, shard: String, code: String)
    case diskFull(instance: Instance)
    case diskHasSpace(instance: Instance)
    case operatorRequest(verb: String)
    case superseded(epoch: UInt64)
    case jobFinished(seconds: Double)
    case jobFailed(code: String, exitStatus: Int32)
    case jobInterrupted

    /// A value in the log.
    package enum Value: Sendable, Equatable {
        case text(String), number(Double), integer(Int)
    }

    /// The event's name in the log.
    package var name: String {
        switch self {
        case .epochStarted: "epoch-started"
        case .jobResumed: "job-resumed"
        case .journalTorn: "journal-torn"
        case .stageOpened: "stage-opened"
        case .stageCached: "stage-cached"
        case .stageInvalid: "stage-invalid"
        case .stageFinished: "stage-finished"
        case .workerStarted: "worker-started"
        case .workerEnded: "worker-ended"
        case .workerJoined: "worker-joined"
        case .workerRejected: "worker-rejected"
        case .workerSuspect: "worker-suspect"
        case .workerLost: "worker-lost"
        case .attemptLost: "attempt-lost"
        case .attemptFailed: "attempt-failed"
        case .inputDamaged: "input-damaged"
        case .outputMissing: "output-missing"
        case .duplicateResult: "duplicate-result"
        case .generationStarted: "generation-started"
        case .memberFailed: "member-failed"
        case .peerBarred: "peer-barred"
        case .connectionsRefused: "connections-refused"
        case .messagesRefused: "messages-refused"
        case .framesLost: "frames-lost"
        case .trainingPaused: "training-paused"
        case .ranksMoved: "ranks-moved"
        case .checkpointDamaged: "checkpoint-damaged"
        case .checkpointWritten: "checkpoint-written"
        case .straggler: "straggler"
        case .shardQuarantined: "shard-quarantined"
        case .diskFull: "disk-full"
        case .diskHasSpace: "disk-has-space"
        case .operatorRequest: "operator-request"
        case .superseded: "superseded"
        case .jobFinished: "job-finished"
        case .jobFailed: "job-failed"
        case .jobInterrupted: "job-interrupted"
        }
    }

    /// Whether a person should hear of it beside the log.
    package var isFault: Bool {
        switch self {
        case .workerLost(_, .left), .workerEnded(_, _, .exited(0)): false
        case .journalTorn, .stageInvalid, .workerEnded, .workerRejected, .workerLost, .attemptFailed,
            .inputDamaged, .outputMissing, .memberFailed, .framesLost, .jobFailed, .peerBarred,
            .connectionsRefused,
            .messagesRefused, .trainingPaused, .checkpointDamaged,
            .shardQuarantined, .diskFull, .superseded:
            true
        default: false
        }
    }

    /// Keys and values in the order in which they are written.
    package var fields: [(key: String, value: Value)] {
        switch self {
        case .epochStarted(let epoch, let build):
            [("epoch", .integer(Int(clamping: epoch))), ("build", .text(build))]
        case .jobResumed(let committed, let stages):
            [("committed", .integer(committed)), ("stages", .integer(stages))]
        case .journalTorn(let epoch, let bytes):
            [("epoch", .integer(Int(clamping: epoch))), ("bytes", .integer(bytes))]
        case .stageOpened(let stage, let name, let shards, let committed):
            stageFields(stage, name) + [("shards", .integer(shards)), ("committed", .integer(committed))]
        case .stageCached(let stage, let name), .stageInvalid(let stage, let name): stageFields(stage, name)
        case .stageFinished(let stage, let name, let seconds, let compute, let bytes):
            stageFields(stage, name) + [
                ("seconds", .number(seconds)), ("compute_seconds", .number(compute)),
                ("bytes", .integer(Int(clamping: bytes))),
            ]
        case .jobFinished(let seconds): [("seconds", .number(seconds))]
        case .jobFailed(let code, let status):
            [("code", .text(code)), ("exit_status", .integer(Int(status)))]
        case .jobInterrupted: []
        default: workerFields
        }
    }

    private var workerFields: [(key: String, value: Value)] {
        switch self {
        case .workerStarted(let pid, let slot): [("pid", .integer(Int(pid))), ("slot", .integer(slot))]
        case .workerEnded(let pid, let slot, let cause):
            [("pid", .integer(Int(pid))), ("slot", .integer(slot)), ("cause", .text(cause.text))]
        case .workerJoined(let instance, let pid, let host, let cores):
            [
                worker(instance), ("pid", .integer(Int(pid))), ("host", .text(host)),
                ("cores", .integer(Int(cores))),
            ]
        case .workerRejected(let instance, let pid, let host, let code, let theirs, let ours):
            [
                worker(instance), ("pid", .integer(Int(pid))), ("host", .text(host)), ("code", .text(code)),
                ("theirs", .text(theirs)), ("ours", .text(ours)),
            ]
        case .workerSuspect(let instance): [worker(instance)]
        case .workerLost(let instance, let cause): [worker(instance), ("cause", .text(cause.text))]
        default: workFields
        }
    }

    private var workFields: [(key: String, value: Value)] {
        switch self {
        case .attemptLost(let stage, let shard, let attempt, let instance):
            shardFields(stage, shard, attempt) + [worker(instance)]
        case .attemptFailed(let stage, let shard, let attempt, let instance, let code):
            shardFields(stage, shard, attempt) + [worker(instance), ("code", .text(code))]
        case .outputMissing(let stage, let shard, let attempt),
            .duplicateResult(let stage, let shard, let attempt):
            shardFields(stage, shard, attempt)
        case .generationStarted(let stage, let generation, let members, let position):
            [
                ("stage", .text(stage)), ("generation", .integer(Int(clamping: generation))),
                ("members", .integer(members)), ("position", .integer(Int(clamping: position))),
            ]
        case .memberFailed(let stage, let instance, let code):
            [("stage", .text(stage)), worker(instance), ("code", .text(code))]
        case .peerBarred(let instance, let reason): [worker(instance), ("reason", .text(reason))]
        case .connectionsRefused(let reason, let count), .messagesRefused(let reason, let count):
            [("reason", .text(reason)), ("count", .integer(count))]
        case .framesLost(let stage, let generation, let members):
            [
                ("stage", .text(stage)), ("generation", .integer(Int(clamping: generation))),
                ("members", .text(members.joined(separator: ", "))),
            ]
        default: careFields
        }
    }

    private var careFields: [(key: String, value: Value)] {
        switch self {
        case .trainingPaused(let stage, let members, let minimum, let limit):
            [
                ("stage", .text(stage)), ("members", .integer(members)), ("min_workers", .integer(minimum)),
                ("ends_after_seconds", .number(limit)),
            ]
        case .ranksMoved(let stage, let members): [("stage", .text(stage)), ("members", .integer(members))]
        case .checkpointDamaged(let stage, let instance, let files, let position):
            [
                ("stage", .text(stage)), worker(instance), ("files", .integer(files)),
                ("position", .integer(Int(clamping: position))),
            ]
        case .checkpointWritten(let stage, let position):
            [("stage", .text(stage)), ("position", .integer(Int(clamping: position)))]
        case .straggler(let stage, let shard, let attempt, let instance, let seconds):
            shardFields(stage, shard, attempt) + [worker(instance), ("seconds", .number(seconds))]
        case .shardQuarantined(let stage, let shard, let code), .inputDamaged(let stage, let shard, let code):
            [("stage", .text(stage)), ("shard", .text(shard)), ("code", .text(code))]
        case .diskFull(let instance), .diskHasSpace(let instance): [worker(instance)]
        case .operatorRequest(let verb): [("verb", .text(verb))]
        case .superseded(let epoch): [("epoch", .integer(Int(clamping: epoch)))]
        default: []
        }
    }

    private func worker(_ instance: Instance) -> (key: String, value: Value) {
        ("worker", .text(instanceName(instance)))
    }

    private func stageFields(_ stage: String, _ name: String) -> [(key: String, value: Value)] {
        [("stage", .text(stage)), ("name", .text(name))]
    }

    private func shardFields(
        _ stage: String, _ shard: String, _ attempt: UInt32
    ) -> [(key: String, value: Value)] {
        [("stage", .text(stage)), ("shard", .text(shard)), ("attempt", .integer(Int(attempt)))]
    }
}

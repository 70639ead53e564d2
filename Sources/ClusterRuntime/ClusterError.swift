import ClusterProtocol
package import Groundwork

/// What can go wrong between coordinator and workers.
package enum ClusterError: PyHealthError {
    /// Nobody answers.
    case unavailable(reason: String)
    /// No coordinator has begun in a run directory.
    case absent(path: String, seconds: Int)
    /// The run directory belongs to a living coordinator.
    case coordinatorRunning(path: String, host: String, pid: Int)
    /// The run directory holds an unfinished run of another job.
    case wrongJob(path: String, differences: [String])
    /// No worker came, or all went and none came back.
    case noWorkers(seconds: Int)
    /// Local workers end before they have begun to work.
    case workersFail(cause: String)
    /// The worker command is not there.
    case noWorkerExecutable(path: String)
    /// The job ended with a failure of a shard or a training.
    case jobFailed(code: String, message: String, exitStatus: ExitStatus)
    /// A stop was asked for.
    case interrupted(path: String)
    /// A person asked for the job's end.
    case cancelled(path: String)
    /// A later coordinator has the run directory.
    case superseded(path: String, epoch: Int)
    /// A stage came out differently the second time.
    case nonDeterministic(stage: String, shard: String)
    /// A driver asked for something impossible.
    case invalidStage(stage: String, reason: String)
    /// A payload or result is larger than the limit.
    case tooLarge(what: String, bytes: Int)
    /// A file of the run directory is damaged.
    case damaged(path: String)
    /// The coordinator named a path outside the run directory.
    case foreignPath
    /// A worker was given a TCP address for members, whose coordinator is reached over ipc.
    case dataAddress(coordinator: String)
    /// The coordinator refused this worker.
    case refused(reason: String, exitStatus: ExitStatus)

    package var code: String {
        switch self {
        case .unavailable: "cluster.unavailable"
        case .absent: "cluster.absent"
        case .coordinatorRunning: "cluster.coordinator-running"
        case .wrongJob: "cluster.wrong-job"
        case .noWorkers: "cluster.no-workers"
        case .workersFail: "cluster.workers-fail"
        case .noWorkerExecutable: "cluster.no-worker-executable"
        case .jobFailed(let code, _, _): code
        case .interrupted: "cluster.interrupted"
        case .cancelled: "cluster.cancelled"
        case .superseded: "cluster.superseded"
        case .nonDeterministic: "cluster.non-deterministic"
        case .invalidStage: "cluster.invalid-stage"
        case .tooLarge: "cluster.too-large"
        case .damaged: "cluster.damaged"
        case .foreignPath: "cluster.foreign-path"
        case .dataAddress: "cluster.data-address"
        case .refused: "cluster.refused"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .unavailable, .noWorkers, .workersFail: .unavailable
        case .coordinatorRunning, .absent: .retry
        case .wrongJob, .noWorkerExecutable, .dataAddress: .configuration
        case .jobFailed(_, _, let status): status
        case .interrupted, .superseded: .retry
        case .cancelled: .notPermitted
        case .nonDeterministic, .damaged: .data
        case .invalidStage, .tooLarge, .foreignPath: .internal
        case .refused(_, let status): status
        }
    }

    package var message: String {
        switch self {
        case .unavailable(let reason): reason
        case .absent(let path, let seconds):
            "No coordinator has begun in \"\(path)\" for \(seconds) s: there is no rendezvous.pb. Start pyhealth-coord run "
                + "with this --output, and check that this machine sees the same disk."
        case .coordinatorRunning(let path, let host, let pid):
            "The run directory \"\(path)\" is in use by a coordinator on \(host) (process \(pid)). Wait for it, stop it, "
                + "or choose another output directory."
        case .wrongJob(let path, let differences):
            "The run directory \"\(path)\" holds an unfinished run of another job; different: "
                + "\(differences.joined(separator: ", ")). Give the same job again, or choose another output directory."
        case .noWorkers(let seconds):
            "No worker has been connected for \(seconds) s. Start workers with the endpoint that the coordinator listens "
                + "on, or use --workers."
        case .workersFail(let cause):
            "Local workers end before they begin to work; the last one \(cause). See its message above."
        case .noWorkerExecutable(let path):
            "The worker command \"\(path)\" is not there or cannot be executed. Expected it beside the coordinator."
        case .jobFailed(_, let message, _): message
        case .interrupted(let path):
            "Stopped before the job was done. The same command goes on with what is in \"\(path)\"."
        case .cancelled(let path):
            "Cancelled by a request in \"\(path)/mailbox\". The same command goes on with what is there."
        case .superseded(let path, let epoch):
            "A later coordinator (incarnation \(epoch)) has taken over \"\(path)\"; this one has written nothing since it "
                + "noticed. Nothing is to be done."
        case .nonDeterministic(let stage, let shard):
            "Stage \"\(stage)\", shard \"\(shard)\": computed twice with different results. Expected equal bits. Look for "
                + "faulty memory, or for input files that changed."
        case .invalidStage(let stage, let reason): "Stage \"\(stage)\" cannot be run: \(reason)."
        case .tooLarge(let what, let bytes):
            "\(what) has \(bytes) bytes; at most \(ClusterLimits.payloadBytes) are allowed. Write it to a file."
        case .damaged(let path):
            "\"\(path)\" is damaged: it cannot be decoded. Remove the run directory, or restore the file."
        case .foreignPath:
            "The coordinator named a path that does not lie in the run directory. Expected a relative path of plain names."
        case .dataAddress(let coordinator):
            "--data-address is for coordinators at tcp://; this one is at \"\(coordinator)\", and its workers talk over ipc too. "
                + "Leave the option out, or start the coordinator with --listen tcp://HOST:PORT."
        case .refused(let reason, _): reason
        }
    }

    /// What remains of the damage of a file that was made again and is damaged again.
    init(_ damage: DamagedInput) {
        self = .jobFailed(code: damage.code, message: damage.message, exitStatus: damage.exitStatus)
    }

    /// A failure reported by a worker or found by the coordinator's state machine.
    init(_ failure: WireFailure) {
        self = .jobFailed(
            code: failure.code, message: failure.message,
            exitStatus: ExitStatus(rawValue: failure.exitStatus) ?? .internal)
    }
}

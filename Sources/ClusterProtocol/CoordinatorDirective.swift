/// What the coordinator's state machine asks its loop to do.
package enum CoordinatorDirective: Sendable, Equatable {
    /// Send a message to a worker; losing it does no harm.
    case send(to: Instance, MessageBody)
    /// Look whether the files are there with the right sizes, and answer with `outputsChecked`.
    case check(WireShardCommit)
    /// Append to the journal; with a mark, answer `durable` once it is on disk.
    case append(WireJournalRecord, mark: DurableMark?)
    /// The stage is complete: publish its manifest.
    case stageDone([WireShardCommit])
    /// The job cannot go on.
    case fail(WireFailure)
    /// Write to the event log.
    case report(ClusterEvent)
    /// End the worker's process if it is ours.
    case expel(Instance)
    /// Send something to every worker, to learn who is unreachable.
    case probe([Instance])
    /// The worker computes wrong bits; the machine itself makes `expel` of it.
    case bar(Instance, position: UInt64)
    /// What was asked to end orderly has ended as far as it can.
    case drained
    /// A file of an earlier stage is not as it was written; the open stage was given up. Make the file again, then open the
    /// stage again.
    case inputDamaged(WireFailure)
    /// Another coordinator, with this higher epoch, has taken over: write nothing any more.
    case superseded(by: UInt64)
}

/// Which record has become durable.
package enum DurableMark: Sendable, Equatable {
    case commit(WireShardCommit)
    case generation(UInt64)
}

/// What happens to the coordinator's state machine.
package enum CoordinatorEvent: Sendable {
    /// A worker's message.
    case message(WireEnvelope)
    /// The stage with this id was finished by an earlier run.
    case stageCached(String)
    /// A stage was opened; `commits` were made by earlier epochs.
    case openShards(ShardTable)
    /// A training was opened.
    case openTraining(TrainingSpec)
    /// Whether the files of an attempt are as reported.
    case outputsChecked(WireShardCommit, isPresent: Bool)
    /// A record is on disk.
    case durable(DurableMark)
    /// A local worker's process ended.
    case processEnded(Instance, LossCause)
    /// Some connection broke.
    case connectionBroken
    /// A message could not be delivered.
    case unreachable(Instance)
    /// A worker did what none does: it is given up and refused from now on.
    case misbehaved(Instance, reason: String)
    /// Time has passed.
    case tick
    /// End orderly: nothing new is begun, work in hand has so many seconds, a training writes a checkpoint.
    case drain(shardGrace: Seconds)
    /// End: tell every worker.
    case shutDown(exitStatus: Int32, reason: String)
}

extension WireFailure {
    /// A failure as a person reads it.
    package init(code: String, message: String, exitStatus: Int32, deterministic: Bool = false) {
        self.init()
        self.code = code
        self.message = message
        self.exitStatus = exitStatus
        self.deterministic = deterministic
    }
}

/// The rules on which the promises rest, each named where it is enforced: `if rules.contains(.firstCommitWins)`.
///
/// Production holds all of them; the simulator drops one at a time and must notice that a promise breaks.
package struct ProtocolRules: OptionSet, Sendable, Hashable {
    /// One bit per rule.
    package let rawValue: UInt32

    /// The rules of these bits.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(bit: UInt32) { rawValue = 1 << bit }

    /// R1: an attempt's files have names of their own.
    package static let onePathPerAttempt = ProtocolRules(bit: 0)
    /// R2: a file's content is flushed before it gets its name.
    package static let flushBeforeRename = ProtocolRules(bit: 1)
    /// R2: the folder is flushed before the Result.
    package static let flushFolderBeforeResult = ProtocolRules(bit: 2)
    /// R3: the coordinator looks at the files before it commits.
    package static let checkBeforeCommit = ProtocolRules(bit: 3)
    /// R4: the first commit of a shard is the only one.
    package static let firstCommitWins = ProtocolRules(bit: 4)
    /// R5: the journal is flushed before a record counts as durable.
    package static let flushJournal = ProtocolRules(bit: 5)
    /// R5: the acknowledgement follows the durable record.
    package static let acknowledgeAfterCommit = ProtocolRules(bit: 6)
    /// R6: how much is done is counted over the committed set, not over messages.
    package static let countCommitted = ProtocolRules(bit: 7)
    /// R7: nothing is deleted before the manifest is there.
    package static let manifestBeforeDeletion = ProtocolRules(bit: 8)
    /// R7: what the manifest names is not deleted.
    package static let keepWhatIsNamed = ProtocolRules(bit: 9)
    /// R8: the manifest is created exclusively.
    package static let exclusiveManifest = ProtocolRules(bit: 10)
    /// R9: workers ignore epochs below the highest seen.
    package static let ignoreLowerEpochs = ProtocolRules(bit: 11)
    /// R10: frames of another generation are dropped.
    package static let dropOtherGenerations = ProtocolRules(bit: 12)
    /// R11: training resumes at the maximum position of the survivors.
    package static let resumeAtMaximum = ProtocolRules(bit: 13)
    /// R12: an update becomes visible at once.
    package static let swapAtOnce = ProtocolRules(bit: 14)
    /// R13: states are compared before Go.
    package static let compareStates = ProtocolRules(bit: 15)
    /// R14: a silent worker's work becomes available again.
    package static let leasesEnd = ProtocolRules(bit: 16)
    /// R15: a worker holds few grants.
    package static let boundedGrants = ProtocolRules(bit: 17)
    /// R15: members wait for each other only so long.
    package static let boundedWaits = ProtocolRules(bit: 18)

    /// R3: what was found to be damaged is not counted again.
    package static let withdrawDamaged = ProtocolRules(bit: 19)

    /// R5: what a manifest names is in the journal before it is taken back.
    package static let recordBeforeTakingBack = ProtocolRules(bit: 20)

    /// R8: a finished stage is taken back, and published after that, and a job finished, by the latest coordinator only.
    package static let latestTakesBack = ProtocolRules(bit: 21)

    /// Every rule.
    package static let all = ProtocolRules(rawValue: (1 << 22) - 1)
}

package import ClusterProtocol

/// The system with one rule dropped, which the simulator must notice.
package struct Mutant: Sendable {
    /// The rule's number in the design.
    package let rule: String
    /// What the mutant does.
    package let name: String
    /// The rules that are left.
    package let rules: ProtocolRules

    private init(_ rule: String, _ name: String, without dropped: ProtocolRules) {
        self.rule = rule
        self.name = name
        rules = ProtocolRules.all.subtracting(dropped)
    }

    /// Every rule has one at least.
    package static let all: [Mutant] = [
        Mutant("R1", "all attempts at a shard write one path", without: .onePathPerAttempt),
        Mutant("R2", "a file gets its name unflushed", without: .flushBeforeRename),
        Mutant("R2", "Result before the folder is flushed", without: .flushFolderBeforeResult),
        Mutant("R3", "commit without a look at the files", without: .checkBeforeCommit),
        Mutant("R3", "what was found damaged counts again", without: .withdrawDamaged),
        Mutant("R4", "a later commit replaces the first", without: .firstCommitWins),
        Mutant("R5", "the journal is not flushed", without: .flushJournal),
        Mutant("R5", "Ack before the commit is on disk", without: .acknowledgeAfterCommit),
        Mutant("R5", "a manifest is taken back unrecorded", without: .recordBeforeTakingBack),
        Mutant("R6", "Results are counted, not commits", without: .countCommitted),
        Mutant("R7", "deletion before the manifest", without: .manifestBeforeDeletion),
        Mutant("R7", "deletion of what the manifest names", without: .keepWhatIsNamed),
        Mutant("R8", "a second publisher replaces the manifest", without: .exclusiveManifest),
        Mutant("R8", "an earlier coordinator takes stages back", without: .latestTakesBack),
        Mutant("R9", "workers listen to lower epochs", without: .ignoreLowerEpochs),
        Mutant("R10", "frames of other generations are taken", without: .dropOtherGenerations),
        Mutant("R11", "training resumes at the minimum", without: .resumeAtMaximum),
        Mutant("R12", "the state in use is written over", without: .swapAtOnce),
        Mutant("R13", "states are not compared", without: .compareStates),
        Mutant("R14", "leases do not end", without: .leasesEnd),
        Mutant("R15", "a worker gets any number of grants", without: .boundedGrants),
        Mutant("R15", "members wait for each other for ever", without: .boundedWaits),
    ]
}

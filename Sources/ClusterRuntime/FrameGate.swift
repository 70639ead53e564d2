package import ClusterProtocol

/// Decides which frames a member takes: those of its job, its generation and its present collective call.
package struct FrameGate: Sendable {
    /// What to do with a frame.
    package enum Place: Sendable {
        /// It belongs to the present call.
        case now
        /// It belongs to the next call: a member that is ahead sent it.
        case early
        /// It is of another generation, another job or another call.
        case never
    }

    private let job: UInt64
    private let generation: UInt64
    private let memberIndex: Int
    private let memberCount: Int
    private let rules: ProtocolRules

    /// The gate of the member `memberIndex` of a generation.
    package init(
        job: UInt64, generation: UInt64, memberIndex: Int, memberCount: Int, rules: ProtocolRules = .all
    ) {
        self.job = job
        self.generation = generation
        self.memberIndex = memberIndex
        self.memberCount = memberCount
        self.rules = rules
    }

    /// Where `frame` belongs while call number `call` is under way.
    package func place(of frame: PeerFrame, call: UInt64) -> Place {
        let isOfGeneration = frame.generation == generation || !rules.contains(.dropOtherGenerations)
        guard isOfGeneration, frame.job == job, frame.sender < memberCount, frame.sender != memberIndex else {
            return .never
        }
        if frame.step == call { return .now }
        return frame.step == call + 1 ? .early : .never
    }
}

import ClusterProtocol
import ClusterRuntime
import Foundation

/// What every process has: a host, a view of the disk, a clock of its own.
class Process {
    let id: Int
    let host: Int
    let disk: DiskHandle
    /// What its clock is ahead of the world's (seconds).
    var clockOffset: Seconds = 0
    /// Until when it stands still (the world's time).
    var stoppedUntil: Seconds = 0

    init(id: Int, host: Int, disk: DiskHandle) {
        self.id = id
        self.host = host
        self.disk = disk
    }
}

/// A coordinator: the real machine, ledger, journal and stage files; the loop's part is played by the world.
final class CoordinatorProcess: Process {
    let ledger: RunLedger
    let journal: JournalSegment
    var machine: CoordinatorMachine
    var letterhead = Letterhead(build: "b", job: "job")
    /// Records on their way to disk.
    var pending: [(record: WireJournalRecord, mark: DurableMark?)] = []
    /// The stage in work.
    var stage = 0
    /// The finished shards, and what is left of them if one is computed again.
    var finished: FinishedStage?
    var withdrawn: StageFiles.Remains?
    /// Where the states of the training in work are.
    var trainingFolder = ""
    /// When an orderly end was asked for (the world's time).
    var drainAsked: Seconds?
    /// The process that each instance is.
    var routes: [Instance: Int] = [:]

    init(
        id: Int, host: Int, disk: DiskHandle, ledger: RunLedger, journal: JournalSegment,
        machine: CoordinatorMachine
    ) {
        self.ledger = ledger
        self.journal = journal
        self.machine = machine
        super.init(id: id, host: host, disk: disk)
    }
}

/// A worker: the real machine, publisher and frame gate; executor and training member are models.
final class WorkerProcess: Process {
    /// What the compute thread is asked to do.
    enum Command {
        case shard(WireGrant, Instance)
        case train(TrainingCommand)
    }

    var machine: WorkerMachine
    var letterhead = Letterhead(build: "b")
    var instance: Instance
    /// The host whose coordinator it speaks to.
    var target = 0
    var commands: [Command] = []
    var isBusy = false
    var computed: [OutputPublisher.Job] = []
    var pulse: UInt64 = 0
    /// Collectives of generations before this one are ended.
    var fence: UInt64 = 0
    var member: SimulatedMember?
    /// The highest epoch that it heard of.
    var highestEpoch: UInt64 = 0
    var failures: UInt32 = 0
    /// Whether a checkpoint is to be written at the next boundary.
    var wantsCheckpoint = false

    init(id: Int, host: Int, disk: DiskHandle, machine: WorkerMachine, instance: Instance) {
        self.machine = machine
        self.instance = instance
        super.init(id: id, host: host, disk: disk)
    }
}

/// A training member whose state is a number that every step mixes with one leaf per virtual rank.
struct SimulatedMember {
    /// The folder of its TrainingOpen.
    let training: String
    var position: UInt64 = 0
    var state: UInt64 = 1
    var plan = WirePlan()
    /// The generation that it runs in.
    var running: UInt64?
    var gate: FrameGate?
    var call: UInt64 = 0
    var isWaiting = false
    /// Leaves of the present call by virtual rank, and frames of the next one.
    var leaves: [UInt64?] = []
    var early: [Frame] = []
    /// Whether its copy of the state has a flipped bit.
    var isRotten = false

    /// A frame between members.
    struct Frame {
        let header: PeerFrame
        let leaves: [UInt64]
    }

    var ranks: Range<Int> {
        let own = plan.members[Int(plan.index)]
        return Int(own.firstVirtualRank)..<Int(own.firstVirtualRank + own.virtualRanks)
    }

    /// The leaf of a virtual rank at a state.
    static func leaf(_ rank: Int, _ state: UInt64) -> UInt64 {
        (state ^ (UInt64(rank) &+ 1) &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
    }

    /// The state after a step.
    static func next(_ state: UInt64, _ leaves: [UInt64]) -> UInt64 {
        leaves.reduce(state) { ($0 &* 31 &+ $1) ^ ($1 >> 29) }
    }

    /// State and position in 16 bytes.
    var bytes: Data { withUnsafeBytes(of: (position.littleEndian, state.littleEndian)) { Data($0) } }

    /// Position and state of 16 bytes; nil if there are not as many.
    static func decode(_ data: Data) -> (position: UInt64, state: UInt64)? {
        guard data.count == 16 else { return nil }
        return data.withUnsafeBytes { bytes in
            (
                UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// A digest of the state.
    var digest: Data { withUnsafeBytes(of: state) { Data($0) } }
}

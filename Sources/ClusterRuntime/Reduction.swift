import ClusterProtocol

/// The sum over one block of virtual ranks.
typealias Block<Element: Summand> = SummationTree.Block<Part<Element>>

/// The sum of one bucket under way at one member; says which frames go out, takes those that come in.
///
/// Every route adds the same nodes of the tree in the same order, so that their bits are equal. Frames of others may come
/// before ``begin(_:)``.
protocol Reduction<Element>: AnyObject {
    associatedtype Element: Summand

    /// The sums over this place's maximal aligned blocks are there, in order.
    func begin(_ blocks: [Block<Element>])
    /// Takes a frame; false if it does not belong here.
    func take(_ received: ReceivedFrame) -> Bool
    /// Everything that was put into the outbox has been sent: its memory may change.
    func settle()
    /// Whether the root is complete.
    var isFinished: Bool { get }
    /// Where the finished root may not be zero, ascending and apart.
    var touched: [Range<Int>] { get }
}

extension Reduction {
    func settle() {}
}

/// Those who add something up, with their virtual ranks in order, and which of them this member is.
struct MemberGroup: Equatable {
    /// Member indexes of the generation.
    let members: [Int]
    /// The virtual ranks of each.
    let ranges: [Range<Int>]
    /// The own place in `members`.
    let index: Int
    /// K.
    let ranks: Int

    var count: Int { members.count }
    var virtualRanks: Range<Int> { ranges[index] }
    var others: [Int] { members.filter { $0 != members[index] } }
    /// The maximal aligned blocks of the own virtual ranks.
    var blocks: [Range<Int>] { VirtualRankPlan.blocks(of: virtualRanks) }

    /// The place of a frame's sender, nil for a stranger.
    func place(of frame: PeerFrame) -> Int? { members.firstIndex(of: Int(frame.sender)) }

    /// The sum over all virtual ranks from sorted blocks.
    func root<Element>(_ blocks: [Block<Element>]) -> Part<Element>? {
        SummationTree.root(of: blocks, ranks: ranks, add: Part<Element>.add)
    }
}

/// What every reduction of a bucket knows.
struct ReductionPlace {
    let group: MemberGroup
    /// The bucket's number in its sum.
    let bucket: Int
    let outbox: Outbox
}

extension ReceivedFrame {
    /// The virtual ranks that the frame's sum covers.
    var block: Range<Int> { Int(frame.blockStart)..<(Int(frame.blockStart) + Int(frame.blockLength)) }

    /// The part that came, in memory of its own; nil if it does not fit `count` elements. An absent one is `.some(nil)`.
    func part<Element: Summand>(_ count: Int, _: Element.Type) -> (part: Part<Element>?, owner: AnyObject?)? {
        guard frame.dtype == Element.dtype else { return nil }
        if frame.isAbsent { return (nil, nil) }
        let size = MemoryLayout<Element>.stride
        let isAligned = UInt(bitPattern: payload.baseAddress) % UInt(size) == 0
        if frame.flags & PeerFrame.sparse == 0, isAligned, payload.count == count * size {
            return (Part(payload.bindMemory(to: Element.self)), owner)
        }
        let memory = Memory(byteCount: count * size)
        let values = memory.storage.bindMemory(to: Element.self)
        guard let touched = fill(values) else { return nil }
        return (Part(values, touched: touched), memory)
    }

    /// Fills `values` from the payload and tells what may not be zero; nil if it does not fit.
    func fill<Element: Summand>(_ values: UnsafeMutableBufferPointer<Element>) -> [Range<Int>]? {
        guard frame.dtype == Element.dtype, !frame.isAbsent else { return nil }
        let bytes = UnsafeRawBufferPointer(payload)
        if frame.flags & PeerFrame.sparse != 0 { return Element.decode(bytes, into: values) }
        guard bytes.count == values.count * MemoryLayout<Element>.stride else { return nil }
        UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
        return [0..<values.count]
    }
}

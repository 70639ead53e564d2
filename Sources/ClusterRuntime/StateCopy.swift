import ClusterProtocol
import Digests
import Foundation
import Groundwork
import ZeroMQ

/// Copies a training's state from the members that hold it to those that do not, between Plan and Ready.
///
/// Who is behind asks every holder for chunks, a few at a time, so that memory is bounded and all holders share the work; a
/// chunk that does not come is asked of the next holder. Holders serve until everybody who was behind has said that it has
/// everything. Frames: `stateRequest` with the chunk's number in `slice`, ``whole`` for "I have everything"; `state` with
/// the chunk's number, the number of chunks in `bucket`'s place (`blockLength`) and the chunk.
final class StateCopy {
    /// Bytes of a chunk.
    static let chunkBytes = 4 << 20
    /// Chunks asked for and not yet there, per holder.
    static let window = 2
    /// Seconds after which a chunk is asked of the next holder.
    static let patience: Seconds = 2
    /// Bytes of a state at most.
    static let mostBytes = 64 << 30
    /// The number in the last request of a member.
    static let whole = UInt32.max

    private let generation: UInt64
    private let job: UInt64
    private let me: Int
    private let holders: [Int]
    private let behind: [Int]
    private let network: PeerNetwork
    private let progress: ProgressCounter
    private var outgoing: [(member: Int, header: [UInt8], payload: Data)] = []

    /// The copy of one generation, whose connections the network has made.
    init(
        generation: UInt64, job: UInt64, me: Int, members: Int, behind: [Int], network: PeerNetwork,
        progress: ProgressCounter
    ) {
        self.generation = generation
        self.job = job
        self.me = me
        self.behind = behind
        holders = (0..<members).filter { !behind.contains($0) }
        self.network = network
        self.progress = progress
    }

    // MARK: Giving

    /// Serves chunks of `state` until everybody has it; throws ``CollectiveInterrupted``.
    func serve(_ state: Data) throws {
        var done: Set<Int> = []
        let chunks = max(1, (state.count + Self.chunkBytes - 1) / Self.chunkBytes)
        while done.count < behind.count {
            try turn { frame, _ in
                guard frame.kind == .stateRequest, self.behind.contains(Int(frame.sender)) else { return }
                if frame.slice == Self.whole {
                    done.insert(Int(frame.sender))
                } else if Int(frame.slice) < chunks {
                    self.send(state, chunk: Int(frame.slice), of: chunks, to: Int(frame.sender))
                }
            }
        }
    }

    private func send(_ state: Data, chunk: Int, of chunks: Int, to member: Int) {
        // Requests repeated while the first answer is still waiting to leave need no second one.
        guard outgoing.count < 4 * behind.count * Self.window else { return }
        let start = state.startIndex + chunk * Self.chunkBytes
        let payload = state[start..<min(start + Self.chunkBytes, state.endIndex)]
        queue(.state, number: UInt32(chunk), count: UInt32(chunks), payload, to: member)
    }

    // MARK: Taking

    /// Fetches the state; throws ``CollectiveInterrupted`` and ``ClusterError``.
    func fetch() throws -> Data {
        guard !holders.isEmpty else { throw CollectiveInterrupted() }
        var chunks: [Data?] = [nil]
        var missing = 1
        var asked: [Int: (at: Seconds, times: Int)] = [:]
        while missing > 0 {
            try ask(chunks, &asked)
            try turn { frame, payload in
                let (number, count) = (Int(frame.slice), Int(frame.blockLength))
                guard frame.kind == .state, self.holders.contains(Int(frame.sender)), number < count,
                    count <= Self.mostBytes / Self.chunkBytes, payload.count <= Self.chunkBytes
                else { return }
                if chunks.count == 1, count > 1 {
                    chunks += [Data?](repeating: nil, count: count - 1)
                    missing += count - 1
                }
                guard count == chunks.count, chunks[number] == nil else { return }
                chunks[number] = Data(payload)
                asked[number] = nil
                missing -= 1
            }
        }
        for holder in holders { queue(.stateRequest, number: Self.whole, count: 0, Data(), to: holder) }
        while !outgoing.isEmpty { try turn { _, _ in } }
        return chunks.reduce(into: Data()) { $0.append($1 ?? Data()) }
    }

    private func ask(_ chunks: [Data?], _ asked: inout [Int: (at: Seconds, times: Int)]) throws {
        let now = SystemFacts.now()
        for (number, last) in asked.sorted(by: { $0.key < $1.key }) where now - last.at > Self.patience {
            asked[number] = (now, last.times + 1)
            request(number, times: last.times + 1)
        }
        for number in chunks.indices where chunks[number] == nil && asked[number] == nil {
            guard asked.count < Self.window * holders.count else { return }
            asked[number] = (now, 0)
            request(number, times: 0)
        }
    }

    private func request(_ chunk: Int, times: Int) {
        // Members that are behind begin at different holders.
        let place = (chunk + times + me) % holders.count
        queue(.stateRequest, number: UInt32(chunk), count: 0, Data(), to: holders[place])
    }

    // MARK: Frames

    private func queue(_ kind: PeerFrame.Kind, number: UInt32, count: UInt32, _ payload: Data, to member: Int)
    {
        var frame = PeerFrame(kind: kind, generation: generation, step: 0, sender: UInt32(me))
        frame.job = job
        frame.slice = number
        frame.blockLength = count
        frame.payloadBytes = UInt32(payload.count)
        let header = payload.withUnsafeBytes { frame.encoded(payload: $0) }
        outgoing.append((member, header, payload))
    }

    private func turn(_ receive: (PeerFrame, UnsafeMutableRawBufferPointer) -> Void) throws {
        if network.control.isInterrupted(generation) { throw CollectiveInterrupted() }
        var full: Set<Int> = []
        var rest: [(member: Int, header: [UInt8], payload: Data)] = []
        for item in outgoing {
            let isSent =
                try !full.contains(item.member)
                && item.payload.withUnsafeBytes { try network.send(item.header, $0, to: item.member) }
            if !isSent {
                full.insert(item.member)
                rest.append(item)
            }
        }
        outgoing = rest
        var isNew = false
        while let received = network.receive() {
            let frame = received.frame
            guard frame.generation == generation, frame.job == job else {
                network.control.drop()
                continue
            }
            progress.beat()
            isNew = true
            withExtendedLifetime(received.owner) { receive(frame, received.payload) }
            if outgoing.count > 64 { break }
        }
        guard !isNew else { return }
        let members = Set(outgoing.map(\.member)).sorted()
        try network.wait(sendingTo: members, milliseconds: 100)
    }
}

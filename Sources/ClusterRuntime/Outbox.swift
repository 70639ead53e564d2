import ClusterProtocol

/// Frames of one collective on their way out, in order for each member.
///
/// Belongs to the thread that moves frames. Payloads are pointed to, not copied: their memory must stay as it is until
/// it is sent.
final class Outbox {
    private struct Item {
        let member: Int
        let header: [UInt8]
        let payload: UnsafeRawBufferPointer
        /// Keeps the payload's memory alive where it is not the caller's.
        let owner: AnyObject?
    }

    private let carrier: any Carrier
    private let template: PeerFrame
    private var items: [Item] = []
    /// The call whose frames go out.
    var call: UInt64 = 0

    /// An outbox whose frames look like `template`.
    init(_ template: PeerFrame, carrier: any Carrier) {
        self.template = template
        self.carrier = carrier
    }

    var isEmpty: Bool { items.isEmpty }

    /// Members whose frames wait for room.
    var waiting: [Int] { Set(items.map(\.member)).sorted() }

    /// Forgets what was not sent.
    func clear() { items = [] }

    /// Queues a part (nil: absent) for some members, in its shorter form if it has one.
    func put<Element: Summand>(
        _ kind: PeerFrame.Kind, bucket: Int, slice: Int, block: Range<Int>, _ part: Part<Element>?,
        to members: [Int]
    ) {
        guard !members.isEmpty else { return }
        var frame = frame(kind, bucket: bucket)
        frame.slice = UInt32(slice)
        frame.blockStart = UInt32(block.lowerBound)
        frame.blockLength = UInt32(block.count)
        frame.dtype = Element.dtype
        guard let part else {
            frame.flags = PeerFrame.absent
            return put(frame, UnsafeRawBufferPointer(start: nil, count: 0), nil, to: members)
        }
        let short = Element.encode(part)
        if short != nil { frame.flags = PeerFrame.sparse }
        put(frame, short?.bytes ?? UnsafeRawBufferPointer(part.values), short, to: members)
    }

    /// Queues bytes for some members.
    func put(_ kind: PeerFrame.Kind, _ bytes: Memory, to members: [Int]) {
        put(frame(kind, bucket: 0), bytes.bytes, bytes, to: members)
    }

    /// Sends what there is room for.
    func flush() throws {
        var full: Set<Int> = []
        var rest: [Item] = []
        for item in items {
            if full.contains(item.member) {
                rest.append(item)
            } else if try !carrier.send(item.header, item.payload, to: item.member) {
                full.insert(item.member)
                rest.append(item)
            }
        }
        items = rest
    }

    private func frame(_ kind: PeerFrame.Kind, bucket: Int) -> PeerFrame {
        var frame = template
        frame.kind = kind
        frame.step = call
        frame.bucket = UInt32(bucket)
        return frame
    }

    private func put(
        _ frame: PeerFrame, _ payload: UnsafeRawBufferPointer, _ owner: AnyObject?, to members: [Int]
    ) {
        var frame = frame
        frame.payloadBytes = UInt32(payload.count)
        let header = frame.encoded(payload: payload)
        for member in members {
            items.append(Item(member: member, header: header, payload: payload, owner: owner))
        }
    }
}

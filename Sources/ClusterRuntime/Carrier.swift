/// How frames get from one member of a training to another: sockets today, MPI or UCX in their place tomorrow.
///
/// Belongs to one thread at a time. Frames may be lost or come twice; sums are never the carrier's business.
protocol Carrier: AnyObject {
    /// Sends a frame if there is room; its bytes are free again when this returns.
    func send(_ header: [UInt8], _ payload: UnsafeRawBufferPointer, to member: Int) throws -> Bool
    /// The next frame that is whole; nil if there is none now.
    func receive() -> ReceivedFrame?
    /// Waits for a frame, for room to send to one of `members`, or for the control's signal.
    func wait(sendingTo members: [Int], milliseconds: Int) throws
}

/// A frame whose check value was right.
struct ReceivedFrame {
    let frame: PeerFrame
    /// The payload; may be written to by who received it, valid while `owner` lives.
    let payload: UnsafeMutableRawBufferPointer
    let owner: AnyObject
}

import Foundation
import Groundwork

/// What one call of a collective waits for.
protocol CollectiveCall: AnyObject {
    /// Takes a frame; false if it does not belong here.
    func take(_ received: ReceivedFrame) -> Bool
    /// Everything that was put into the outbox has been sent.
    func settle()
    /// Whether nothing more is to come.
    var isFinished: Bool { get }
}

/// The thread that moves a collective's frames while the compute thread computes.
///
/// It has the carrier to itself between ``begin(_:number:)`` and ``end()``.
final class CollectiveThread: @unchecked Sendable {
    // Safe to share: what the compute thread and this one share is only touched under `condition`; the rest, from
    // `current` on, belongs to this thread, which is started after it was set.

    /// Frames kept for the next call at most.
    static let mostEarlyFrames = 1 << 16

    private let condition = NSCondition()
    private var posted: [() -> Void] = []
    private var isEnding = false
    private var hasEnded = true
    private var finished: UInt64 = 0
    private var failure: (any Error)?

    private let template: PeerFrame
    private let gate: FrameGate
    private let carrier: any Carrier
    private let control: CollectiveControl
    private let progress: ProgressCounter
    let outbox: Outbox
    private var current: (any CollectiveCall)?
    /// Frames of the next call that came early.
    private var early: [ReceivedFrame] = []

    /// A thread whose frames look like `template`.
    init(
        _ template: PeerFrame, memberCount: Int, carrier: any Carrier, control: CollectiveControl,
        progress: ProgressCounter
    ) {
        self.template = template
        gate = FrameGate(
            job: template.job, generation: template.generation, memberIndex: Int(template.sender),
            memberCount: memberCount)
        self.carrier = carrier
        self.control = control
        self.progress = progress
        outbox = Outbox(template, carrier: carrier)
    }

    // MARK: The compute thread's side

    /// Makes `call` the present one and has `sending` done by this thread before it can be finished: frames of others may
    /// be all that it waits for.
    func begin(_ call: any CollectiveCall, number: UInt64, sending: @escaping () -> Void = {}) {
        startIfNeeded()
        post { [self] in
            outbox.call = number
            current = call
            sending()
            let waiting = early
            early = []
            for frame in waiting { sort(frame) }
        }
    }

    /// Has `work` done by this thread.
    func post(_ work: @escaping () -> Void) {
        condition.lock()
        posted.append(work)
        condition.unlock()
        control.wakeUp.signal()
    }

    /// Waits until call `number` is finished; throws what ended it.
    func wait(for number: UInt64) throws {
        condition.lock()
        defer { condition.unlock() }
        while finished < number {
            if let failure { throw failure }
            if hasEnded { throw CollectiveInterrupted() }
            condition.wait()
        }
    }

    /// Ends the thread and waits until it has let go of everything.
    func end() {
        condition.lock()
        isEnding = true
        condition.unlock()
        control.wakeUp.signal()
        condition.lock()
        while !hasEnded { condition.wait() }
        posted = []
        condition.unlock()
    }

    private func startIfNeeded() {
        condition.lock()
        defer { condition.unlock() }
        guard hasEnded, !isEnding else { return }
        hasEnded = false
        let thread = Thread { [self] in
            work()
            condition.lock()
            hasEnded = true
            condition.broadcast()
            condition.unlock()
        }
        thread.name = "collective"
        thread.start()
    }

    // MARK: This thread's side

    private func work() {
        do {
            while let work = takePosted() {
                for item in work { item() }
                if control.isInterrupted(template.generation) { throw CollectiveInterrupted() }
                try outbox.flush()
                while let received = carrier.receive() { sort(received) }
                try outbox.flush()
                finishIfComplete()
                try carrier.wait(sendingTo: outbox.waiting, milliseconds: 1000)
            }
        } catch {
            condition.lock()
            failure = error
            condition.broadcast()
            condition.unlock()
        }
        current = nil
        outbox.clear()
        early = []
    }

    /// What was posted, nil at the end.
    private func takePosted() -> [() -> Void]? {
        condition.lock()
        defer { condition.unlock() }
        let work = posted
        posted = []
        return isEnding ? nil : work
    }

    private func finishIfComplete() {
        guard let call = current, outbox.isEmpty else { return }
        call.settle()
        guard call.isFinished, outbox.isEmpty else { return }
        current = nil
        condition.lock()
        finished = outbox.call
        condition.broadcast()
        condition.unlock()
    }

    private func sort(_ received: ReceivedFrame) {
        let frame = received.frame
        let place = gate.place(of: frame, call: outbox.call)
        if place != .never { progress.beat() }
        switch place {
        case .now:
            if current?.take(received) != true { control.drop() }
        case .early where early.count < Self.mostEarlyFrames: early.append(received)
        case .early, .never: control.drop()
        }
    }
}

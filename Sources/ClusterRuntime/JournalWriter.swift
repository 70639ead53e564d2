import ClusterProtocol
import Foundation
import Groundwork

/// Appends records to one epoch's journal on a thread of its own; what has gathered meanwhile is flushed in one go.
final class JournalWriter: @unchecked Sendable {
    // Safe to share: what changes is only touched under `condition`, `segment` by the one thread.
    private let condition = NSCondition()
    private var pending: [(record: WireJournalRecord, mark: DurableMark?)] = []
    private var failure: (any Error)?
    private var isClosing = false
    private var isEnded = false
    private var isWriting = false

    private let segment: JournalSegment
    private let whenDurable: @Sendable ([DurableMark]) -> Void
    private let whenFailed: @Sendable (any Error) -> Void
    private let whenFull: @Sendable (Bool) -> Void

    /// Creates the segment, which must not exist; `whenDurable` hears of marks once they are on disk, `whenFull` whether
    /// space is waited for.
    init(
        path: String, disk: any Disk = SystemDisk(), whenDurable: @escaping @Sendable ([DurableMark]) -> Void,
        whenFailed: @escaping @Sendable (any Error) -> Void,
        whenFull: @escaping @Sendable (Bool) -> Void = { _ in }
    ) throws {
        self.whenDurable = whenDurable
        self.whenFailed = whenFailed
        self.whenFull = whenFull
        segment = try JournalSegment(path: path, disk: disk)
        let thread = Thread { [self] in work() }
        thread.name = "journal"
        thread.start()
    }

    /// Appends a record without waiting.
    func append(_ record: WireJournalRecord, mark: DurableMark? = nil) {
        condition.lock()
        if failure == nil { pending.append((record, mark)) }
        condition.broadcast()
        condition.unlock()
    }

    /// Appends records and waits until they are on disk; throws why they are not.
    func write(_ records: [WireJournalRecord]) throws {
        for record in records { append(record) }
        condition.lock()
        defer { condition.unlock() }
        while failure == nil, isWriting || !pending.isEmpty { condition.wait() }
        if let failure { throw failure }
    }

    /// Writes nothing any more; whoever waits for records hears `reason`.
    func abandon(_ reason: any Error) {
        condition.lock()
        stop(reason)
        condition.unlock()
    }

    private func stop(_ reason: any Error) {
        failure = failure ?? reason
        pending = []
        condition.broadcast()
    }

    /// Flushes what was appended and ends the thread, without waiting for space: what is left tells nobody anything new.
    func finish() {
        condition.lock()
        isClosing = true
        condition.broadcast()
        while !isEnded { condition.wait() }
        condition.unlock()
    }

    private func work() {
        while let batch = nextBatch() {
            do {
                try segment.write(batch.map(\.record)) { put in
                    try DiskSpace.retrying(tellingOnce: whenFull, isStopped: isOver) { try put() }
                }
                let marks = batch.compactMap(\.mark)
                if !marks.isEmpty { whenDurable(marks) }
            } catch {
                abandon(error)
                whenFailed(error)
            }
        }
        condition.lock()
        isEnded = true
        condition.broadcast()
        condition.unlock()
    }

    private func isOver() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        return isClosing || failure != nil
    }

    private func nextBatch() -> [(record: WireJournalRecord, mark: DurableMark?)]? {
        condition.lock()
        defer { condition.unlock() }
        isWriting = false
        condition.broadcast()
        while pending.isEmpty, !isClosing { condition.wait() }
        defer { pending = [] }
        isWriting = !pending.isEmpty
        return pending.isEmpty ? nil : pending
    }
}

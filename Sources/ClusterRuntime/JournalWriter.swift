import ClusterProtocol
import Foundation
import Groundwork

/// Appends records to one epoch's journal on a thread of its own; what has gathered meanwhile is flushed in one go.
final class JournalWriter: @unchecked Sendable {
    // Safe to share: `pending`, `failure` and `isClosing` are only touched under `condition`, the rest by the one thread.
    private let condition = NSCondition()
    private var pending: [(record: WireJournalRecord, mark: DurableMark?)] = []
    private var failure: (any Error)?
    private var isClosing = false
    private var isEnded = false
    private var isAbandoned = false

    private let path: String
    private let descriptor: Int32
    private let whenDurable: @Sendable ([DurableMark]) -> Void
    private let whenFailed: @Sendable (any Error) -> Void
    private let whenFull: @Sendable (Bool) -> Void
    /// Bytes of whole batches.
    private var length: off_t = 0
    private var seq: UInt64 = 0

    /// Creates the segment, which must not exist; `whenDurable` hears of marks once they are on disk, `whenFull` whether
    /// space is waited for.
    init(
        path: String, whenDurable: @escaping @Sendable ([DurableMark]) -> Void,
        whenFailed: @escaping @Sendable (any Error) -> Void,
        whenFull: @escaping @Sendable (Bool) -> Void = { _ in }
    ) throws {
        self.path = path
        self.whenDurable = whenDurable
        self.whenFailed = whenFailed
        self.whenFull = whenFull
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        try AtomicFile.flushFolder(of: path)
        let thread = Thread { [self] in work() }
        thread.name = "journal"
        thread.start()
    }

    deinit { close(descriptor) }

    /// Appends a record without waiting.
    func append(_ record: WireJournalRecord, mark: DurableMark? = nil) {
        condition.lock()
        if !isAbandoned { pending.append((record, mark)) }
        condition.signal()
        condition.unlock()
    }

    /// Writes nothing any more.
    func abandon() {
        condition.lock()
        isAbandoned = true
        pending = []
        condition.unlock()
    }

    /// Flushes what was appended and ends the thread.
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
                let bytes = try encode(batch.map(\.record))
                try DiskSpace.retrying(whenFull) { try write(bytes) }
                let marks = batch.compactMap(\.mark)
                if !marks.isEmpty { whenDurable(marks) }
            } catch {
                whenFailed(error)
            }
        }
        condition.lock()
        isEnded = true
        condition.broadcast()
        condition.unlock()
    }

    private func nextBatch() -> [(record: WireJournalRecord, mark: DurableMark?)]? {
        condition.lock()
        defer { condition.unlock() }
        while pending.isEmpty, !isClosing { condition.wait() }
        defer { pending = [] }
        return pending.isEmpty ? nil : pending
    }

    private func encode(_ records: [WireJournalRecord]) throws -> Data {
        var bytes = Data()
        for record in records {
            bytes.append(try JournalFile.encode(record, seq: seq))
            seq += 1
        }
        return bytes
    }

    /// Appends and flushes a batch; what a full disk cut off is taken back.
    private func write(_ bytes: Data) throws {
        do {
            try bytes.withUnsafeBytes { buffer in
                var done = 0
                while done < buffer.count {
                    let count = Foundation.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
                    if count < 0, errno == EINTR { continue }
                    guard count >= 0 else {
                        throw FileError("write", path: path, errorNumber: errno, writing: true)
                    }
                    done += count
                }
            }
            guard fdatasync(descriptor) == 0 else {
                throw FileError("flush", path: path, errorNumber: errno, writing: true)
            }
            length += off_t(bytes.count)
        } catch {
            _ = ftruncate(descriptor, length)
            throw error
        }
    }
}

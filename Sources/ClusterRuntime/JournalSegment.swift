package import ClusterProtocol
import Foundation
import Groundwork

/// One epoch's journal: what is written to it is on disk when ``write(_:)`` returns.
package final class JournalSegment {
    private let path: String
    private let file: any GrowingFile
    private let rules: ProtocolRules
    private var seq: UInt64 = 0
    /// Bytes of whole batches.
    private var length = 0
    /// Behind a record that was not written whole nothing can be read: such a segment takes no more.
    private var failure: (any Error)?

    /// Creates the segment, which must not exist, and flushes its name.
    package init(path: String, disk: any Disk, rules: ProtocolRules = .all) throws {
        self.path = path
        self.rules = rules
        file = try disk.createGrowingFile(path)
        try disk.flush(disk.folder(of: path))
    }

    /// Appends records and flushes them in one go; after a failure it throws for ever.
    ///
    /// `retrying` may run what it is given several times: what an attempt left behind is taken back.
    package func write(
        _ records: [WireJournalRecord], retrying: (() throws -> Void) throws -> Void = { try $0() }
    ) throws {
        if let failure { throw failure }
        do {
            var bytes = Data()
            for record in records {
                bytes.append(try JournalFile.encode(record, seq: seq))
                seq += 1
            }
            try retrying { try put(bytes) }
            length += bytes.count
        } catch {
            failure = error
            throw error
        }
    }

    private func put(_ bytes: Data) throws {
        do {
            try file.append(bytes)
            if rules.contains(.flushJournal) { try file.flush() }
        } catch {
            try file.truncate(to: length)
            throw error
        }
    }
}

package import ClusterProtocol
import Foundation
import Groundwork
package import SwiftProtobuf

/// The files that the coordinator keeps in a run directory; their layout is described in `docs/formats-cluster.md`.
package struct RunDirectory: Sendable {
    /// The directory's path without symbolic links.
    package let path: String
    let disk: any Disk
    let rules: ProtocolRules

    /// An existing directory on a disk of one's own.
    package init(path: String, disk: any Disk, rules: ProtocolRules) {
        self.path = path
        self.disk = disk
        self.rules = rules
    }

    /// Creates the directory if it is missing.
    init(_ path: String) throws {
        try Files.createFolder(path)
        guard let resolved = realpath(path, nil) else {
            throw FileError("open", path: path, errorNumber: errno)
        }
        defer { free(resolved) }
        self.init(path: String(cString: resolved), disk: SystemDisk(), rules: .all)
    }

    /// The absolute path of a name in the directory.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Creates a folder and those above it, and flushes their names: whoever created one may have died before.
    package func createFolder(_ name: String) throws {
        var path = path
        for part in name.split(separator: "/") {
            let above = path
            path += "/\(part)"
            _ = try disk.createFolder(path)
            try disk.flush(above)
        }
    }

    /// Reads a message; nil if there is no such file. Throws ``ClusterError/damaged(path:)``.
    package func read<Record: Message>(_ type: Record.Type, _ name: String) throws -> Record? {
        guard let data = try disk.contents(of: file(name)) else { return nil }
        guard SealedMessage.isWhole(data), let record = try? Record(serializedBytes: data) else {
            throw ClusterError.damaged(path: file(name))
        }
        return record
    }

    /// Replaces a message's file whole.
    package func write(_ record: some Message, _ name: String, durable: Bool = true) throws {
        let temporary = disk.temporaryName(for: file(name))
        do {
            try disk.write(SealedMessage.seal(try record.serializedData()), to: temporary)
            if durable { try disk.flush(temporary) }
            try disk.rename(temporary, to: file(name))
        } catch {
            disk.remove(temporary)
            throw error
        }
        if durable { try disk.flush(disk.folder(of: file(name))) }
    }

    /// Creates a message's file, whole and flushed, if it does not exist; returns whether it did not.
    package func publish(_ record: some Message, _ name: String) throws -> Bool {
        let temporary = disk.temporaryName(for: file(name))
        defer { disk.remove(temporary) }
        try disk.write(SealedMessage.seal(try record.serializedData()), to: temporary)
        try disk.flush(temporary)
        let isNew = try disk.link(temporary, to: file(name))
        // Whoever finds it there relies on it as well.
        try disk.flush(disk.folder(of: file(name)))
        return isNew
    }

    /// Whether a file is there with this size.
    package func has(_ output: WireOutputFile) -> Bool { disk.size(of: file(output.path)) == output.bytes }

    /// Takes the next epoch by exclusive create.
    package func takeEpoch(build: String) throws -> UInt64 {
        try createFolder("epoch")
        // Journals are named by epochs too, should the folder of epochs have been lost.
        let journals = names(in: "journal").compactMap { UInt64($0.prefix { $0 != "." }) }
        var epoch = max(latestEpoch, journals.max() ?? 0) + 1
        var record = WireEpoch()
        record.pid = UInt32(getpid())
        record.host = ProcessInfo.processInfo.hostName
        record.build = build
        while true {
            record.epoch = epoch
            if try publish(record, "epoch/\(epoch)") { return epoch }
            epoch += 1
        }
    }

    /// The latest epoch that has been taken; 0 if none has.
    var latestEpoch: UInt64 { names(in: "epoch").compactMap { UInt64($0) }.max() ?? 0 }

    /// Throws ``ClusterError/superseded(path:epoch:)`` if an epoch after this one has been taken.
    func requireLatest(_ epoch: UInt64) throws {
        let latest = latestEpoch
        guard latest <= epoch || !rules.contains(.latestTakesBack) else {
            throw ClusterError.superseded(path: file("epoch"), epoch: Int(clamping: latest))
        }
    }

    /// Names in a folder in ascending order; none if it does not exist.
    package func names(in folder: String) -> [String] { disk.names(in: file(folder)) }
}

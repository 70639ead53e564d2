import ClusterProtocol
import Foundation
import Groundwork
import SwiftProtobuf

/// The files that the coordinator keeps in a run directory; their layout is described in `docs/formats-cluster.md`.
struct RunDirectory: Sendable {
    /// The directory's path without symbolic links.
    let path: String

    /// Creates the directory if it is missing.
    init(_ path: String) throws {
        try Files.createFolder(path)
        guard let resolved = realpath(path, nil) else {
            throw FileError("open", path: path, errorNumber: errno)
        }
        self.path = String(cString: resolved)
        free(resolved)
    }

    /// The absolute path of a name in the directory.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Creates a folder and those above it.
    func createFolder(_ name: String) throws { try Files.createFolder(file(name)) }

    /// Reads a message; nil if there is no such file. Throws ``ClusterError/damaged(path:)``.
    func read<Record: Message>(_ type: Record.Type, _ name: String) throws -> Record? {
        guard access(file(name), F_OK) == 0 else { return nil }
        let data = try Files.contents(of: file(name))
        do { return try Record(serializedBytes: data) } catch {
            throw ClusterError.damaged(path: file(name))
        }
    }

    /// Replaces a message's file whole.
    func write(_ record: some Message, _ name: String, durable: Bool = true) throws {
        try AtomicFile.write(try record.serializedData(), to: file(name), durable: durable)
    }

    /// Creates a message's file, whole and flushed, if it does not exist; returns whether it did not.
    func publish(_ record: some Message, _ name: String) throws -> Bool {
        let temporary = AtomicFile.temporaryName(for: file(name))
        defer { unlink(temporary) }
        try AtomicFile.write(try record.serializedData(), to: temporary)
        if link(temporary, file(name)) != 0 {
            if errno == EEXIST { return false }
            throw FileError("create", path: file(name), errorNumber: errno, writing: true)
        }
        try AtomicFile.flushFolder(of: file(name))
        return true
    }

    /// Whether a file is there with this size.
    func has(_ output: WireOutputFile) -> Bool {
        var status = stat()
        guard stat(file(output.path), &status) == 0 else { return false }
        return UInt64(status.st_size) == output.bytes
    }

    /// Takes the next epoch by exclusive create.
    func takeEpoch(build: String) throws -> UInt64 {
        try createFolder("epoch")
        var epoch = (names(in: "epoch").compactMap { UInt64($0) }.max() ?? 0) + 1
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

    /// Names in a folder in ascending order; none if it does not exist.
    func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: file(folder))) ?? []).sorted()
    }
}

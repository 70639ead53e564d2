import ClusterRuntime
import Digests
import Foundation
import Groundwork

/// The shared disk as one process sees it.
final class DiskHandle: Disk, @unchecked Sendable {
    // Safe to share: one simulation belongs to one thread.
    private let disk: SimulatedDisk
    private let host: Int
    private let process: Int
    private var temporaries = 0
    /// Whether the process died at a call; whatever its code does afterwards has no effect.
    var isDead = false

    init(_ disk: SimulatedDisk, host: Int, process: Int) {
        self.disk = disk
        self.host = host
        self.process = process
    }

    /// Runs a call unless something goes wrong with it; `half` is done by a write that fails.
    private func call<Value>(
        _ operation: String, _ path: String, half: () -> Void = {}, _ body: () throws -> Value
    ) throws -> Value {
        guard !isDead else { throw FileError(operation, path: path, errorNumber: EIO, writing: true) }
        switch disk.fault() {
        case nil: return try body()
        case .error(let number):
            half()
            throw FileError(operation, path: path, errorNumber: number, writing: true)
        case .death:
            half()
            isDead = true
        case .deathAfter:
            _ = try body()
            isDead = true
        }
        throw FileError(operation, path: path, errorNumber: EIO, writing: true)
    }

    func names(in folder: String) -> [String] {
        guard !isDead else { return [] }
        let prefix = folder + "/"
        return disk.nodes.keys.compactMap { path in
            guard path.hasPrefix(prefix) else { return nil }
            let name = path.dropFirst(prefix.count)
            return name.contains("/") ? nil : String(name)
        }.sorted()
    }

    func size(of path: String) -> UInt64? { isDead ? nil : disk.nodes[path].map { UInt64($0.data.count) } }

    func contents(of path: String) throws -> Data? {
        try call("read", path) { disk.nodes[path].map { Data($0.data) } }
    }

    func sha256(of path: String) throws -> String {
        guard let data = try contents(of: path) else {
            throw FileError("open", path: path, errorNumber: ENOENT)
        }
        return SHA256.hex(of: data)
    }

    func createFolder(_ path: String) throws -> Bool {
        try call("create", path) {
            guard disk.nodes[path] == nil else { return false }
            disk.set(path, .init(writer: host, isFolder: true), by: host)
            return true
        }
    }

    func write(_ data: Data, to path: String) throws {
        let put = { [self] (data: Data) in
            let node = SimulatedDisk.Node(writer: host)
            node.data = data
            disk.set(path, node, by: host)
        }
        try call("write", path, half: { put(data.prefix(data.count / 2)) }) {
            try inFolder(path)
            put(data)
        }
    }

    func createGrowingFile(_ path: String) throws -> any GrowingFile {
        try call("create", path) {
            try inFolder(path)
            guard disk.nodes[path] == nil else {
                throw FileError("create", path: path, errorNumber: EEXIST, writing: true)
            }
            let node = SimulatedDisk.Node(writer: host)
            disk.set(path, node, by: host)
            disk.noteJournal(path)
            return SimulatedFile(self, path, node)
        }
    }

    func flush(_ path: String) throws {
        try call("flush", path) { disk.flush(path, try node(path)) }
    }

    func rename(_ path: String, to other: String) throws {
        try call("rename", other) {
            let node = try node(path)
            disk.checkNew(other)
            disk.set(other, node, by: host)
            disk.set(path, nil, by: host)
        }
    }

    func link(_ path: String, to other: String) throws -> Bool {
        try call("create", other) {
            let node = try node(path)
            guard disk.nodes[other] == nil else { return false }
            disk.set(other, node, by: host)
            return true
        }
    }

    func remove(_ path: String) {
        guard !isDead, disk.nodes[path] != nil else { return }
        disk.checkRemoval(path)
        disk.set(path, nil, by: host)
    }

    func removeFolder(_ path: String) {
        for name in names(in: path) { remove("\(path)/\(name)") }
        remove(path)
    }

    func temporaryName(for path: String) -> String {
        temporaries += 1
        return "\(path).tmp.\(process).\(temporaries)"
    }

    private func node(_ path: String) throws -> SimulatedDisk.Node {
        guard let node = disk.nodes[path] else { throw FileError("open", path: path, errorNumber: ENOENT) }
        return node
    }

    private func inFolder(_ path: String) throws { _ = try node(folder(path)) }
    private func folder(_ path: String) -> String { Files.folder(of: path) }

    fileprivate func append(_ data: Data, to node: SimulatedDisk.Node, _ path: String) throws {
        try call("write", path, half: { disk.append(data.prefix(data.count / 2), to: node) }) {
            disk.append(data, to: node)
        }
    }

    fileprivate func truncate(_ node: SimulatedDisk.Node, to length: Int) {
        if !isDead { disk.truncate(node, to: length) }
    }

    fileprivate func flush(_ node: SimulatedDisk.Node, _ path: String) throws {
        try call("flush", path) { disk.flush(path, node) }
    }
}

/// A growing file on the simulated disk.
private final class SimulatedFile: GrowingFile {
    private let handle: DiskHandle
    private let path: String
    private let node: SimulatedDisk.Node

    init(_ handle: DiskHandle, _ path: String, _ node: SimulatedDisk.Node) {
        self.handle = handle
        self.path = path
        self.node = node
    }

    func append(_ data: Data) throws { try handle.append(data, to: node, path) }
    func flush() throws { try handle.flush(node, path) }
    func truncate(to length: Int) throws { handle.truncate(node, to: length) }
}

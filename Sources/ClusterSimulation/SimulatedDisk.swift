import Foundation
import Groundwork

/// A disk that all hosts share: what a host has not flushed is lost, wholly or in part, when it crashes.
final class SimulatedDisk: @unchecked Sendable {
    // Safe to share: one simulation belongs to one thread.

    /// A file or folder.
    final class Node {
        var data = Data()
        /// Bytes that survive a crash of the writer.
        var flushed = 0
        let writer: Int
        let isFolder: Bool

        init(writer: Int, isFolder: Bool = false) {
            self.writer = writer
            self.isFolder = isFolder
        }
    }

    /// What goes wrong at a call.
    enum Fault: Equatable {
        /// The call fails with this error number, a write after half of its bytes.
        case error(Int32)
        /// The process dies instead of the call, or right after it.
        case death, deathAfter
    }

    /// A change of names that its host has not flushed.
    private struct Change {
        let host: Int
        let folder: String
        let path: String
        /// What has the name now, nil if it was removed, and what had it before.
        let node: Node?
        let former: Node?
    }

    private(set) var nodes: [String: Node] = [:]
    /// Grows with every change, so that checks can be left out while nothing happens.
    private(set) var version = 0
    /// Calls so far, and what happens at which.
    private(set) var calls = 0
    var faults: [Int: Fault] = [:]
    /// The first promise that a call broke.
    var violation: String?
    /// Final names removed since the simulation last looked.
    var removed: [String] = []
    /// Journals with their epochs.
    private(set) var journals: [(epoch: UInt64, path: String)] = []
    private var changes: [Change] = []

    init() { nodes["/run"] = Node(writer: -1, isFolder: true) }

    /// Counts a call and says what goes wrong with it.
    func fault() -> Fault? {
        calls += 1
        return faults.removeValue(forKey: calls)
    }

    /// Whether the name and the whole content survive any crash.
    func isDurable(_ path: String) -> Bool {
        guard let node = nodes[path], node.isFolder || node.flushed == node.data.count else { return false }
        return !changes.contains { $0.path == path || path.hasPrefix($0.path + "/") }
    }

    /// The content that survives any crash.
    func durableContent(of path: String) -> Data {
        guard let node = nodes[path],
            !changes.contains(where: { $0.path == path || path.hasPrefix($0.path + "/") })
        else { return Data() }
        return node.data.prefix(node.flushed)
    }

    /// A host crashes: `keep` says how much of something unflushed happens to survive.
    func crash(_ host: Int, keep: (Int) -> Int) {
        version += 1
        for path in nodes.keys.sorted() {
            guard let node = nodes[path], node.writer == host, node.flushed < node.data.count else {
                continue
            }
            let kept = node.flushed + keep(node.data.count - node.flushed)
            node.data = node.data.prefix(kept)
            node.flushed = kept
        }
        let own = changes.indices.filter { changes[$0].host == host }
        for index in own.dropFirst(keep(own.count)).reversed() { undo(changes[index]) }
        changes.removeAll { $0.host == host }
    }

    private func undo(_ change: Change) {
        guard nodes[change.path] === change.node else { return }
        nodes[change.path] = change.former
        if change.node?.isFolder == true {
            for path in nodes.keys where path.hasPrefix(change.path + "/") { nodes[path] = nil }
        }
    }

    /// A byte of a file changes behind everybody's back.
    func flip(_ path: String) {
        guard let node = nodes[path], let first = node.data.first else { return }
        node.data[node.data.startIndex] = ~first
        version += 1
    }

    /// A file loses its last byte behind everybody's back.
    func rot(_ path: String) {
        guard let node = nodes[path], !node.data.isEmpty else { return }
        node.data.removeLast()
        node.flushed = min(node.flushed, node.data.count)
        version += 1
    }

    /// All journals are gone.
    func loseJournals() {
        for (_, path) in journals { nodes[path] = nil }
        changes.removeAll { $0.path.hasPrefix("/run/journal/") }
        journals = []
        version += 1
    }

    // MARK: Calls

    /// A growing file was created; all of them are journals.
    func noteJournal(_ path: String) {
        let name = (path as NSString).lastPathComponent
        journals.append((UInt64(name.dropLast(4)) ?? 0, path))
    }

    func set(_ path: String, _ node: Node?, by host: Int) {
        version += 1
        changes.append(
            Change(
                host: host, folder: Files.folder(of: path), path: path, node: node,
                former: nodes[path]))
        nodes[path] = node
    }

    func append(_ data: Data, to node: Node) {
        version += 1
        node.data.append(data)
    }

    func truncate(_ node: Node, to length: Int) {
        version += 1
        node.data = node.data.prefix(length)
        node.flushed = min(node.flushed, length)
    }

    func flush(_ path: String, _ node: Node) {
        version += 1
        if node.isFolder { changes.removeAll { $0.folder == path } } else { node.flushed = node.data.count }
    }

    /// R1: a name in a stage's folder is given once.
    func checkNew(_ path: String) {
        guard path.hasPrefix("/run/stage/"), !path.contains(".tmp."), nodes[path] != nil,
            !path.contains("MANIFEST.pb"), !path.hasSuffix("OPEN.pb")
        else { return }
        violation = violation ?? "\(path) was overwritten"
    }

    /// R7: an attempt's file goes only when the manifest is there for good.
    func checkRemoval(_ path: String) {
        guard path.hasPrefix("/run/stage/"), !path.contains(".tmp."), nodes[path] != nil else { return }
        removed.append(path)
        let stage = path.split(separator: "/").prefix(3).joined(separator: "/")
        if !isDurable("/\(stage)/MANIFEST.pb") {
            violation = violation ?? "\(path) was deleted before the manifest was there"
        }
    }
}

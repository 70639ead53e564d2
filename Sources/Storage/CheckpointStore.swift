import Digests
import Foundation
import Groundwork

/// The checkpoints of one training in a folder: `<position>.<tag>.h5` and, written after it, `<position>.<tag>.json` with its
/// size and digest. Only what a `.json` names with the right digest counts.
package struct CheckpointStore: Sendable {
    /// Checkpoints kept: the newest, and the one before it should that be damaged.
    package static let kept = 2

    /// What stands beside a checkpoint.
    package struct Entry: Codable, Sendable, Equatable {
        /// The checkpoint's name in the folder.
        package var file: String
        /// Steps applied.
        package var position: UInt64
        /// Its size.
        package var bytes: Int
        /// Its digest in hexadecimal digits.
        package var sha256: String
    }

    /// The folder.
    package let folder: String

    /// The checkpoints in `folder`, which need not exist.
    package init(folder: String) { self.folder = folder }

    /// Writes a checkpoint, its digest last, and removes older ones; throws `HDF5Error`, `FileError`.
    package func write(_ checkpoint: CheckpointFile, position: UInt64) throws {
        if !Files.isFolder(folder) {
            try Files.createFolder(folder)
            try AtomicFile.flushFolder(of: folder)
        }
        let name = "\(position).\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let path = "\(folder)/\(name).h5"
        try checkpoint.write(to: path)
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError("open", path: path, errorNumber: errno) }
        let entry = Entry(
            file: "\(name).h5", position: position, bytes: Int(status.st_size),
            sha256: try SHA256.hex(ofFile: path))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try AtomicFile.write(try encoder.encode(entry), to: "\(folder)/\(name).json")
        removeOlder()
    }

    /// Every entry, the newest first; entries that cannot be read are counted as damaged.
    package func entries() -> (entries: [Entry], damaged: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var damaged = 0
        let entries = names.filter { $0.hasSuffix(".json") && !$0.contains(".tmp.") }.sorted().compactMap {
            name -> Entry? in
            guard let data = try? Files.contents(of: "\(folder)/\(name)"),
                let entry = try? JSONDecoder().decode(Entry.self, from: data),
                entry.file == name.dropLast(5) + ".h5"
            else {
                damaged += 1
                return nil
            }
            return entry
        }
        return (entries.sorted { ($0.position, $0.file) > ($1.position, $1.file) }, damaged)
    }

    /// The newest checkpoint whose content is as written, and how many newer ones are damaged.
    package func newest() -> (path: String, position: UInt64, damaged: Int)? {
        let (entries, unreadable) = entries()
        var damaged = unreadable
        for entry in entries {
            let path = "\(folder)/\(entry.file)"
            if (try? SHA256.hex(ofFile: path)) == entry.sha256 { return (path, entry.position, damaged) }
            damaged += 1
        }
        return damaged > 0 ? ("", 0, damaged) : nil
    }

    private func removeOlder() {
        let entries = entries().entries
        for entry in entries.dropFirst(Self.kept) {
            // First what makes it count.
            unlink("\(folder)/\(entry.file.dropLast(3)).json")
            unlink("\(folder)/\(entry.file)")
        }
        guard let oldest = entries.prefix(Self.kept).last else { return }
        // Whoever wrote these was killed before their entry.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix(".h5") {
            guard let position = name.split(separator: ".").first.flatMap({ UInt64($0) }) else { continue }
            if position < oldest.position { unlink("\(folder)/\(name)") }
        }
    }
}

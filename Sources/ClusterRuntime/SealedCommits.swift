import ClusterProtocol
import Digests
import Foundation
import Groundwork

/// A worker's results beside its files (`….commit.pb`), from which a lost journal is rebuilt.
enum SealedCommits {
    /// The last part of the file's name.
    static let suffix = ".commit.pb"

    /// Leaves a result; a crash of the host may lose it, as then the journal is there.
    static func write(
        _ commit: WireShardCommit, prefix: String, in runDirectory: String, disk: any Disk
    ) throws {
        var sealed = WireSealedCommit()
        sealed.commit = try commit.serializedData()
        sealed.sha256 = SHA256.hex(of: sealed.commit)
        let path = "\(runDirectory)/\(prefix)\(suffix)"
        let temporary = disk.temporaryName(for: path)
        do {
            try disk.write(try sealed.serializedData(), to: temporary)
            try disk.rename(temporary, to: path)
        } catch {
            disk.remove(temporary)
            throw error
        }
    }

    /// The results of a stage whose files are there with the right content, by shard; the first attempt of several.
    static func read(stage: String, in directory: RunDirectory) throws -> [Int: WireShardCommit] {
        var found: [Int: WireShardCommit] = [:]
        for name in directory.names(in: stageFolder(stage)) where name.hasSuffix(suffix) {
            let path = directory.file("\(stageFolder(stage))/\(name)")
            guard let data = try directory.disk.contents(of: path),
                let sealed = try? WireSealedCommit(serializedBytes: data),
                SHA256.hex(of: sealed.commit) == sealed.sha256,
                let commit = try? WireShardCommit(serializedBytes: sealed.commit),
                commit.attempt.stage == stage, try isWhole(commit, in: directory)
            else { continue }
            let index = Int(commit.attempt.shard)
            if let other = found[index]?.attempt,
                (other.epoch, other.attempt) <= (commit.attempt.epoch, commit.attempt.attempt)
            {
                continue
            }
            // Whoever wrote it may have died before it was on disk.
            for output in commit.outputs { try directory.disk.flush(directory.file(output.path)) }
            found[index] = commit
        }
        if !found.isEmpty { try directory.disk.flush(directory.file(stageFolder(stage))) }
        return found
    }

    /// Whether all files of a result are there with the right content.
    static func isWhole(_ commit: WireShardCommit, in directory: RunDirectory) throws -> Bool {
        try commit.outputs.allSatisfy { output in
            try directory.has(output)
                && directory.disk.sha256(of: directory.file(output.path)) == output.sha256
        }
    }
}

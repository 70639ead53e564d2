package import ClusterProtocol
import Digests
import Foundation
import Groundwork

/// A stage's manifest and folder.
package struct StageFiles {
    package let directory: RunDirectory
    package let spec: StageSpec

    /// The files of the stage `spec`.
    package init(directory: RunDirectory, spec: StageSpec) {
        self.directory = directory
        self.spec = spec
    }

    private var manifestName: String { "\(stageFolder(spec.id))/MANIFEST.pb" }

    /// The finished stage, if its manifest is there and all its files are, with the right sizes.
    ///
    /// A manifest whose files are gone is put aside, so that the stage can be published again.
    package func load(epoch: UInt64) throws -> (stage: FinishedStage?, wasInvalid: Bool) {
        guard let manifest = try directory.read(WireManifest.self, manifestName) else { return (nil, false) }
        // Its publisher may have died between giving it its name and flushing that.
        try directory.disk.flush(directory.file(stageFolder(spec.id)))
        let isWhole = manifest.shards.allSatisfy { $0.outputs.allSatisfy(directory.has) }
        guard isWhole, manifest.shards.map(\.name) == shardNames else {
            try putAside(manifest, epoch: epoch)
            return (nil, true)
        }
        return (finished(manifest, cached: true), false)
    }

    /// A file of a finished stage.
    package struct Place: Sendable, Equatable {
        /// The stage's id.
        package let stage: String
        /// The shard's place in the stage.
        package let shard: Int
        /// Relative to the run directory.
        package let path: String
    }

    /// Whose output the file at `path` is; nil if it is none of this stage's.
    package func place(of path: String) throws -> Place? {
        guard let manifest = try directory.read(WireManifest.self, manifestName) else { return nil }
        let shard = manifest.shards.firstIndex { $0.outputs.contains { $0.path == path } }
        return shard.map { Place(stage: spec.id, shard: $0, path: path) }
    }

    /// What is left of a finished stage when a shard is to be computed again.
    package struct Remains: Sendable {
        /// The commits of all other shards.
        package var commits: [Int: WireShardCommit] = [:]
        /// What the shard's files must be again: SHA-256 in their order.
        package var digests: [String] = []
    }

    /// What the manifest names but for the shard at `place`; nothing if it is gone.
    func remains(without place: Place) throws -> Remains {
        var remains = Remains()
        let manifest = try directory.read(WireManifest.self, manifestName) ?? WireManifest()
        for (index, shard) in manifest.shards.enumerated() {
            guard index != place.shard else {
                remains.digests = shard.outputs.map(\.sha256)
                continue
            }
            remains.commits[index] = .with {
                $0.attempt.stage = spec.id
                $0.attempt.shard = UInt32(index)
                $0.outputs = shard.outputs
                $0.result = shard.result
            }
        }
        return remains
    }

    /// Puts the manifest aside.
    func withdraw(epoch: UInt64) throws {
        guard let manifest = try directory.read(WireManifest.self, manifestName) else { return }
        try putAside(manifest, epoch: epoch)
    }

    /// A training goes on from files with fixed names: they are removed, and it begins anew.
    private func putAside(_ manifest: WireManifest, epoch: UInt64) throws {
        try directory.disk.rename(
            directory.file(manifestName), to: directory.file("\(manifestName).invalid.e\(epoch)"))
        try directory.disk.flush(directory.file(stageFolder(spec.id)))
        guard case .training = spec.kind else { return }
        for output in manifest.shards.flatMap(\.outputs) {
            directory.disk.remove(directory.file(output.path))
        }
    }

    /// Publishes the stage; a second publisher must have the same digests. Then removes what the manifest does not name
    /// of this epoch and earlier ones.
    ///
    /// Where a manifest was taken back, only the latest coordinator publishes another: an earlier one may rely on files that
    /// were deleted, or found to be damaged, meanwhile. Throws ``ClusterError/superseded(path:epoch:)``.
    package func publish(_ commits: [WireShardCommit], build: String, epoch: UInt64) throws -> FinishedStage {
        var manifest = WireManifest()
        manifest.stage = spec.id
        manifest.name = spec.name
        manifest.build = build
        manifest.shards = zip(shardNames, commits).map { name, commit in
            var shard = WireManifestShard()
            shard.name = name
            shard.outputs = commit.outputs
            shard.result = commit.result
            return shard
        }
        if wasTakenBack { try directory.requireLatest(epoch) }
        if !directory.rules.contains(.manifestBeforeDeletion) { removeUnnamed(manifest, epoch: epoch) }
        if !directory.rules.contains(.exclusiveManifest) {
            try directory.write(manifest, manifestName)
        } else if try !directory.publish(manifest, manifestName) {
            guard let other = try directory.read(WireManifest.self, manifestName) else {
                throw ClusterError.damaged(path: directory.file(manifestName))
            }
            for (ours, theirs) in zip(manifest.shards, other.shards)
            where ours.outputs.map(\.sha256) != theirs.outputs.map(\.sha256) {
                throw ClusterError.nonDeterministic(stage: spec.name, shard: ours.name)
            }
            manifest = other
        }
        removeUnnamed(manifest, epoch: epoch)
        return finished(manifest, cached: false)
    }

    /// The digest of what is computed: names and payloads in order.
    package var inputs: String {
        let digest = SHA256()
        for item in items {
            for data in [Data(item.name.utf8), item.payload] {
                withUnsafeBytes(of: UInt64(data.count).littleEndian) { digest.update($0) }
                data.withUnsafeBytes { digest.update($0) }
            }
        }
        return digest.finish()
    }

    /// The shards, a training being one of its own.
    package var items: [ShardTable.Item] {
        switch spec.kind {
        case .shards(let shards):
            shards.map { ShardTable.Item(name: $0.name, payload: $0.payload, subject: $0.subject) }
        case .training(let payload, _): [ShardTable.Item(name: Self.trainingShard, payload: payload)]
        }
    }

    /// The name of a training's only shard.
    package static let trainingShard = "training"

    private var shardNames: [String] { items.map(\.name) }

    /// Throws ``ClusterError/invalidStage(stage:reason:)`` for what a driver must not ask.
    func validate() throws {
        guard !spec.id.isEmpty, spec.id.allSatisfy({ $0.isHexDigit }) else {
            throw invalid("its id is not a hexadecimal digest")
        }
        let items = items
        guard !items.isEmpty, items.count <= ClusterLimits.shards else {
            throw invalid("it has \(items.count) shards, expected 1 to \(ClusterLimits.shards)")
        }
        var seen = Set<String>()
        for item in items {
            let isPlain = item.name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                    || Character(UnicodeScalar(byte)).isASCII && Character(UnicodeScalar(byte)).isLetter
                    || Character(UnicodeScalar(byte)).isNumber
            }
            guard isPlain, !item.name.isEmpty, item.name.utf8.count <= 100 else {
                throw invalid("a shard's name has other characters than letters, digits, - and _")
            }
            guard seen.insert(item.name).inserted else {
                throw invalid("two shards are called \"\(item.name)\"")
            }
            guard item.payload.count <= ClusterLimits.payloadBytes else {
                throw ClusterError.tooLarge(
                    what: "The payload of shard \"\(item.name)\"", bytes: item.payload.count)
            }
        }
        if case .training(_, let ranks) = spec.kind, ranks < 1 || ranks > 4096 {
            throw invalid("it has \(ranks) virtual ranks, expected 1 to 4096")
        }
    }

    private func invalid(_ reason: String) -> ClusterError {
        .invalidStage(stage: spec.name, reason: reason)
    }

    private func finished(_ manifest: WireManifest, cached: Bool) -> FinishedStage {
        FinishedStage(
            id: spec.id, name: spec.name,
            shards: manifest.shards.map { shard in
                FinishedShard(
                    name: shard.name, outputs: shard.outputs.map(OutputRecord.init), result: shard.result)
            }, cached: cached)
    }

    /// Says what was opened, for the recovery of a lost journal.
    package func recordOpening(_ open: WireStageOpen) throws {
        let name = "\(stageFolder(spec.id))/OPEN.pb"
        if (try? directory.read(WireStageOpen.self, name)) != open { try directory.write(open, name) }
    }

    /// Removes files of attempts (`<shard>.e<epoch>.a<attempt>.…`), checkpoints and trainings that had to begin anew, which nobody
    /// will read any more; a later epoch's files are its own affair.
    private func removeUnnamed(_ manifest: WireManifest, epoch: UInt64) {
        let folder = stageFolder(spec.id)
        let isNamed = directory.rules.contains(.keepWhatIsNamed)
        let named = Set(isNamed ? manifest.shards.flatMap { $0.outputs.map(\.path) } : [])
        let names = directory.names(in: folder)
        directory.disk.removeFolder(directory.file("\(folder)/checkpoints"))
        for name in names where Self.epoch(ofLife: name) ?? .max <= epoch {
            directory.disk.removeFolder(directory.file("\(folder)/\(name)/checkpoints"))
        }
        // Where a manifest was taken back, another coordinator may go on with what that one named.
        guard !wasTakenBack else { return }
        let isAnew = names.contains { Self.epoch(ofLife: $0) != nil }
        for name in names where !named.contains("\(folder)/\(name)") {
            let path = directory.file("\(folder)/\(name)")
            if let owner = Self.epoch(ofAttempt: name) {
                if owner <= epoch { directory.disk.remove(path) }
            } else if let owner = Self.epoch(ofLife: name) {
                let isNamed = named.contains { $0.hasPrefix("\(folder)/\(name)/") }
                if owner <= epoch, !isNamed { directory.disk.removeFolder(path) }
            } else if isAnew, name != "OPEN.pb", !name.hasPrefix("MANIFEST.pb") {
                directory.disk.removeFolder(path)
            }
        }
    }

    /// Whether a manifest of this stage was put aside.
    private var wasTakenBack: Bool {
        directory.names(in: stageFolder(spec.id)).contains { $0.hasPrefix("MANIFEST.pb.invalid") }
    }

    /// Has trainings that are not finished begin anew, in a folder of their own: members of before may still write into the old one.
    ///
    /// What was there stays until the stage is finished: a later coordinator may have members at work in it. `again` is a number
    /// that no earlier life of the same `epoch` had. Throws `FileError`.
    package static func beginTrainingsAnew(in directory: RunDirectory, epoch: UInt64, again: Int) throws {
        for stage in directory.names(in: "stage") {
            let names = directory.names(in: "stage/\(stage)")
            guard !names.contains("MANIFEST.pb") else { continue }
            try directory.createFolder("stage/\(stage)/\(lifePrefix)e\(epoch)-\(again)")
        }
    }

    /// The epoch in the name `life-e<epoch>-<number>`; nil for other names.
    private static func epoch(ofLife name: String) -> UInt64? {
        guard name.hasPrefix("\(lifePrefix)e") else { return nil }
        return name.dropFirst(lifePrefix.count + 1).split(separator: "-").first.flatMap { UInt64($0) }
    }

    private static let lifePrefix = "life-"

    /// Where a training's states are, relative to the run directory: the stage's folder, or the latest that was made because the
    /// training had to begin anew.
    package var trainingFolder: String {
        let folder = stageFolder(spec.id)
        let lives = directory.names(in: folder).filter { $0.hasPrefix(Self.lifePrefix) }
        let latest = lives.max { $0.compare($1, options: .numeric) == .orderedAscending }
        return latest.map { "\(folder)/\($0)" } ?? folder
    }

    /// The epoch in the name `<shard>.e<epoch>.a<attempt>.…`; nil for other names.
    static func epoch(ofAttempt name: String) -> UInt64? {
        let parts = name.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, !parts[0].isEmpty, parts[1].first == "e", parts[2].first == "a",
            UInt32(parts[2].dropFirst()) != nil
        else { return nil }
        return UInt64(parts[1].dropFirst())
    }
}

extension OutputRecord {
    init(_ file: WireOutputFile) {
        self.init(
            path: file.path, name: file.name, bytes: Int(clamping: file.bytes), sha256: file.sha256,
            rows: Int(clamping: file.rows))
    }
}

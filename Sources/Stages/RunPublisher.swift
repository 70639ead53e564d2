import Datasets
import Digests
import Foundation
import Groundwork

/// Gives the files of finished stages the names that people look for in the run directory.
///
/// Files are hard links of the stage's (copies where the disk has none), so that nothing is stored twice.
package struct RunPublisher {
    private let runDirectory: String

    package init(runDirectory: String) { self.runDirectory = runDirectory }

    /// Throws `ConfigurationError` where the folder holds somebody's files under names that are published, but no run, and
    /// where it is the data set's own.
    package func requireOwnFolder(apartFrom root: String) throws {
        func isThere(_ name: String) -> Bool {
            let path = "\(runDirectory)/\(name)"
            // An empty folder may be a link to another disk.
            let names = try? FileManager.default.contentsOfDirectory(atPath: path)
            return names.map { !$0.isEmpty } ?? (access(path, F_OK) == 0)
        }
        func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
        if place(runDirectory) == place(root) {
            throw ConfigurationError(
                "output-is-data",
                "The output folder is the data set's, where nothing is written. Choose another --output.")
        }
        guard !["job.pb", "epoch", "journal", "stage"].contains(where: isThere) else { return }
        if let name = (Self.trained + Self.results + ["attrition.csv", "samples"]).first(where: isThere) {
            throw ConfigurationError(
                "output-exists",
                "The output folder \"\(runDirectory)\" holds \"\(name)\" but is no run's, which would be replaced. Choose another "
                    + "--output, or move what is there.")
        }
    }

    /// Publishes what a stage left for people; does nothing for stages that only feed others. Throws `FileError`.
    package func publish(_ stage: StageOutcome) throws {
        switch StageName(rawValue: stage.name) {
        case .scan:
            for file in stage.shards.flatMap(\.files) where file.name.hasSuffix(SeekIndex.suffix) {
                try link(file, as: "\(SeekIndex.folder)/\(file.name)")
            }
        case .fit:
            try forget(
                Self.trained + Self.results, unlessUnchanged: stage, "processors.json")
            try publishFit(stage)
        case .encode:
            try forgetOtherSamples(stage)
            try publishSamples(stage)
        case .train:
            try forget(Self.results, unlessUnchanged: stage, "last.h5")
            if !stage.shards.flatMap(\.files).contains(where: { $0.name == "best.h5" }) {
                // Without a best state there shall not be that of an earlier job.
                try forget(["checkpoints/best.h5"])
            }
            try publishFiles(stage, folder: "checkpoints", rename: ["history.csv": "../history.csv"])
        case .evaluate: try publishEvaluation(stage)
        default: break
        }
    }

    private static let trained = ["history.csv", "checkpoints"]
    private static let results = ["metrics.json", "predictions", "report.html"]
    /// Where people find a stage's file by which its outcome is recognised.
    private static let places = [
        "processors.json": "samples/processors.json", "last.h5": "checkpoints/last.h5",
    ]

    /// Removes what an earlier job's later stages left, where this stage's file called `name` is another one now.
    private func forget(_ later: [String], unlessUnchanged stage: StageOutcome, _ name: String) throws {
        guard let place = Self.places[name], access("\(runDirectory)/\(place)", F_OK) == 0,
            try !isPublished(name, of: stage)
        else { return }
        try forget(later)
    }

    private func isPublished(_ name: String, of stage: StageOutcome) throws -> Bool {
        guard let file = stage.shards.flatMap(\.files).first(where: { $0.name == name }),
            let place = Self.places[name], access("\(runDirectory)/\(place)", F_OK) == 0
        else { return false }
        return try SHA256.hex(ofFile: "\(runDirectory)/\(place)") == file.sha256
    }

    /// The published samples of a job with one task.
    private var manifest: SampleManifest? {
        (try? Files.contents(of: "\(runDirectory)/samples/manifest.json")).flatMap {
            try? JSONDecoder().decode(SampleManifest.self, from: $0)
        }
    }

    /// Removes what was trained on samples of another stage than this one.
    private func forgetOtherSamples(_ stage: StageOutcome) throws {
        guard access("\(runDirectory)/samples/manifest.json", F_OK) == 0 else { return }
        if manifest?.stage != stage.id { try forget(Self.trained + Self.results) }
    }

    private func forget(_ later: [String]) throws {
        for old in later { try remove("\(runDirectory)/\(old)") }
    }

    /// Removes a file, or of a folder what was published there, and the folder itself where nothing else is in it.
    private func remove(_ path: String) throws {
        guard Files.isFolder(path) else {
            guard unlink(path) == 0 || errno == ENOENT else {
                throw FileError("remove", path: path, errorNumber: errno, writing: true)
            }
            return
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            if isOwn(name) || isSamples("\(path)/\(name)") { try remove("\(path)/\(name)") }
        }
        rmdir(path)
    }

    /// Whether a file in a published folder has a name that publishing gives; others are people's.
    private func isOwn(_ name: String) -> Bool {
        Self.names.contains(name) || isPart(name)
    }

    /// A part of the samples, or what a killed coordinator left of one.
    private func isPart(_ name: String) -> Bool {
        name.hasPrefix("part-") && (name.hasSuffix(".h5") || name.contains(".h5.tmp."))
    }

    private static let names = [
        "manifest.json", "processors.json", "attrition.csv", "best.h5", "last.h5", "train.h5", "val.h5",
        "test.h5",
    ]

    /// Whether a folder below `samples` is that of one of several tasks.
    private func isSamples(_ folder: String) -> Bool {
        Files.isFolder(folder) && access("\(folder)/processors.json", F_OK) == 0
    }

    /// Writes the resolved run file and takes back the digests, since files are about to change; what another job left for
    /// people goes: this one's stages publish their own. Throws `FileError`.
    package func publishJob(_ text: String) throws {
        PublishedDigests(runDirectory: runDirectory).remove()
        if holdsAnother(text) { try forget(["samples", "attrition.csv"] + Self.trained + Self.results) }
        try AtomicFile.write(text, to: "\(runDirectory)/job.resolved.yaml", durable: false)
    }

    /// Whether another job's results lie there; settings without effect make no other job.
    package func holdsAnother(_ text: String) -> Bool {
        let file = "\(runDirectory)/job.resolved.yaml"
        guard let known = try? Files.contents(of: file), known != Data(text.utf8) else { return false }
        let settings = [String(decoding: known, as: UTF8.self), text].map { try? Pipeline.effective($0) }
        return settings[0] == nil || settings[0] != settings[1]
    }

    /// Whether what people find of a stage is what it left.
    package func holds(_ stage: StageOutcome) throws -> Bool {
        switch StageName(rawValue: stage.name) {
        case .fit: return try isPublished("processors.json", of: stage)
        case .encode: return manifest?.stage == stage.id
        case .train: return try isPublished("last.h5", of: stage)
        default: return false
        }
    }

    private func publishFit(_ stage: StageOutcome) throws {
        try forgetOtherTasks(stage)
        for shard in stage.shards {
            let name = ShardName(shard.name)
            for file in shard.files {
                switch file.name {
                case "processors.json": try link(file, as: "\(name.samplesFolder)/processors.json")
                case "attrition.json":
                    let folder = name.task == nil ? runDirectory : "\(runDirectory)/\(name.samplesFolder)"
                    try Files.createFolder(folder)
                    try AtomicFile.write(
                        try RunFiles.attrition(at: "\(runDirectory)/\(file.path)").csv,
                        to: "\(folder)/attrition.csv", durable: false)
                default: break
                }
            }
        }
    }

    /// Removes the samples of an earlier job with another list of tasks.
    private func forgetOtherTasks(_ stage: StageOutcome) throws {
        let tasks = stage.shards.compactMap { ShardName($0.name).task }
        let folder = "\(runDirectory)/samples"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where isSamples("\(folder)/\(name)") ? !tasks.contains(name) : !tasks.isEmpty && isOwn(name) {
            try remove("\(folder)/\(name)")
        }
        // Of several tasks nothing is trained. The report is that of the job itself, which a repetition keeps.
        if !tasks.isEmpty {
            try forget(["attrition.csv"] + Self.trained + Self.results.filter { $0 != "report.html" })
        }
    }

    private func publishSamples(_ stage: StageOutcome) throws {
        let shards = stage.shards.map { (name: ShardName($0.name), files: $0.files) }
        var tasks = [String?]()
        for shard in shards where !tasks.contains(shard.name.task) { tasks.append(shard.name.task) }
        for task in tasks {
            let own = shards.filter { $0.name.task == task }.sorted { $0.name.index < $1.name.index }
            try publishSamples(
                own.flatMap(\.files).filter { $0.name == "samples.h5" }, of: stage,
                to: ShardName(task: task, index: 0).samplesFolder)
        }
    }

    private func publishSamples(_ files: [StageFile], of stage: StageOutcome, to place: String) throws {
        var manifest = SampleManifest(stage: stage.id, samples: files.reduce(0) { $0 + $1.rows }, parts: [])
        let kept = Set(files.indices.map { String(format: "part-%05d.h5", $0) })
        let folder = "\(runDirectory)/\(place)"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where isPart(name) && !kept.contains(name) { unlink("\(folder)/\(name)") }
        for (index, file) in files.enumerated() {
            let name = String(format: "part-%05d.h5", index)
            try link(file, as: "\(place)/\(name)")
            manifest.parts.append(.init(file: name, rows: file.rows, bytes: file.bytes, sha256: file.sha256))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(manifest), to: "\(folder)/manifest.json", durable: false)
    }

    private func publishEvaluation(_ stage: StageOutcome) throws {
        for file in stage.shards.flatMap(\.files) {
            if file.name == "metrics.json" {
                let parts = try RunFiles.metrics(at: "\(runDirectory)/\(file.path)")
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                try AtomicFile.write(
                    try encoder.encode(parts), to: "\(runDirectory)/metrics.json", durable: false)
            } else {
                try link(file, as: "predictions/\(file.name)")
            }
        }
    }

    private func publishFiles(_ stage: StageOutcome, folder: String, rename: [String: String]) throws {
        for file in stage.shards.flatMap(\.files) {
            try link(file, as: "\(folder)/\(rename[file.name] ?? file.name)")
        }
    }

    /// Makes `name` another name of a stage's file, replacing what was there.
    private func link(_ file: StageFile, as name: String) throws {
        let target = "\(runDirectory)/\(name)"
        let folder = Files.folder(of: target)
        try Files.createFolder(folder)
        let temporary = AtomicFile.temporaryName(for: target)
        let source = "\(runDirectory)/\(file.path)"
        if Foundation.link(source, temporary) != 0 {
            guard access(source, R_OK) == 0 else {
                throw FileError("open", path: source, errorNumber: errno)
            }
            do { try FileManager.default.copyItem(atPath: source, toPath: temporary) } catch {
                let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? POSIXError
                unlink(temporary)
                throw FileError(
                    "write", path: target, errorNumber: reason?.code.rawValue ?? EIO, writing: true)
            }
        }
        guard rename(temporary, target) == 0 else {
            let reason = errno
            unlink(temporary)
            throw FileError("rename", path: target, errorNumber: reason, writing: true)
        }
        // A rename between two names of one file leaves both.
        unlink(temporary)
    }
}

/// `samples/manifest.json`: the sample files in order, with digests.
package struct SampleManifest: Codable, Sendable {
    /// The id of the stage that made them.
    package var stage: String
    package var samples: Int
    package var parts: [Part]

    /// One sample file.
    package struct Part: Codable, Sendable {
        package var file: String
        package var rows: Int
        package var bytes: Int
        package var sha256: String
    }
}

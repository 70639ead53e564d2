import Digests
package import Foundation
import Groundwork

/// A file that a finished stage left in the run directory.
package struct StageFile: Codable, Sendable, Equatable {
    /// The output's name as the stage called it, for example `samples.h5`.
    package var name: String
    /// Relative to the run directory.
    package var path: String
    package var bytes: Int
    /// SHA-256 of the content, lower-case hex.
    package var sha256: String
    package var rows: Int

    /// Whether the file below `runDirectory` has its digest; throws `FileError` for one that cannot be read.
    package func isWhole(in runDirectory: String) throws -> Bool {
        try SHA256.hex(ofFile: "\(runDirectory)/\(path)") == sha256
    }

    /// The value that the JSON file below `runDirectory` holds; throws ``StageError/damagedFile(path:)`` for one with another
    /// digest, `FileError`.
    func decode<Value: Decodable>(_ type: Value.Type, in runDirectory: String) throws -> Value {
        let data = try Files.contents(of: "\(runDirectory)/\(path)")
        guard SHA256.hex(of: data) == sha256 else { throw StageError.damagedFile(path: path) }
        return try JSONDecoder().decode(type, from: data)
    }

    package init(name: String, path: String, bytes: Int, sha256: String, rows: Int) {
        self.name = name
        self.path = path
        self.bytes = bytes
        self.sha256 = sha256
        self.rows = rows
    }
}

/// A finished stage: per shard its files and the small facts it returned.
package struct StageOutcome: Sendable {
    package var id: String
    package var name: String
    /// In the order in which they were planned.
    package var shards: [(name: String, files: [StageFile], result: Data)]

    package init(id: String, name: String, shards: [(name: String, files: [StageFile], result: Data)]) {
        self.id = id
        self.name = name
        self.shards = shards
    }
}

/// A stage to run.
package struct PlannedStage: Sendable {
    /// How a stage's work is divided.
    package enum Kind: Sendable {
        /// Independent pieces, each with a name that is unique in the stage, a payload, and what it works on in words.
        case shards([(name: String, payload: Data, subject: String)])
        /// One training over K virtual ranks.
        case training(payload: Data, virtualRanks: Int)
    }

    /// Hex digest of everything that decides the stage's results.
    package var id: String
    package var name: StageName
    package var kind: Kind
}

/// The stages of a job, in order.
package enum StageName: String, Codable, Sendable, CaseIterable {
    case inspect, scan, events, extract, fit, encode, train, predict, evaluate
}

/// Where a job may be told to stop (`--until`).
package enum StopAfter: String, Sendable, CaseIterable {
    case events, samples, train, evaluate

    /// The last stage that runs.
    var lastStage: StageName {
        switch self {
        case .events: .events
        case .samples: .encode
        case .train: .train
        case .evaluate: .evaluate
        }
    }
}

/// What a worker needs to know to run one shard.
package struct ShardPayload: Codable, Sendable {
    /// The stage.
    package var stage: StageName
    /// The resolved run file.
    package var job: String
    /// The shard's number in its stage.
    package var index: Int
    /// The task's name where the job has several.
    package var task: String?
    /// Input files by role, paths relative to the run directory.
    package var inputs: [String: [StageFile]]
    /// Files outside the run directory that decide what is computed, with their SHA-256: a definition of the data set, code maps,
    /// the checkpoints to go on from.
    package var outside: [String: String]
    /// A checkpoint to go on from, for training.
    package var resume: String?
    /// First and one-past-last row, where the shard is a range of samples.
    package var range: [Int]?
    /// Samples before those of the first file of the inputs; nil: none.
    package var firstRow: Int?

    /// The one input file of a role.
    func input(_ role: String) throws -> StageFile {
        guard let file = inputs[role]?.first else {
            throw StageError.missingInput(stage: stage.rawValue, role: role)
        }
        return file
    }

    /// Throws ``StageError/otherFile(path:)`` for a file outside the run directory that is not the one that the coordinator read.
    func checkOutsideFiles() throws {
        for (path, digest) in outside.sorted(by: { $0.key < $1.key })
        where try SHA256.hex(ofFile: path) != digest { throw StageError.otherFile(path: path) }
    }

    /// The first of the inputs that is not as it was written; nil if all are. `beat` is called after every file.
    package func damagedInput(runDirectory: String, beat: () -> Void = {}) -> StageFile? {
        inputs.sorted { $0.key < $1.key }.flatMap(\.value).first { file in
            defer { beat() }
            return (try? file.isWhole(in: runDirectory)) != true
        }
    }

    /// The payload of these bytes; throws `DecodingError`.
    package static func decode(_ data: Data) throws -> ShardPayload {
        try JSONDecoder().decode(ShardPayload.self, from: data)
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(self)
    }
}

/// The folder in which a shard writes, and how it names its outputs.
package protocol ShardFolder {
    /// The run directory.
    var runDirectory: String { get }
    /// Where to write the output called `name`.
    func temporaryPath(for name: String) -> String
}

/// What a shard came to.
package struct ShardProduct: Sendable {
    /// Names of the outputs written, with their rows.
    package var outputs: [(name: String, rows: Int)]
    /// Small facts for later stages.
    package var result: Data

    package init(outputs: [(name: String, rows: Int)], result: Data = Data()) {
        self.outputs = outputs
        self.result = result
    }
}

/// Told how far a shard is.
package protocol StageProgress {
    func setTotal(_ total: Int)
    func advance(by units: Int, bytes: Int)
}

import Foundation
import Groundwork
import ZeroMQ

/// A folder with keys, as `pyhealth-coord keygen` makes it.
///
/// `coordinator.key` (secret), `coordinator.pub`, `worker.key` (secret, shared by all workers), `workers/*.pub`: who is
/// admitted. A file has a heading and lines `public KEY`, `secret KEY`, keys in 40 characters of Z85.
package struct KeyFolder: Sendable {
    /// Bytes of the largest key file that is read.
    private static let largestFile = 4096

    /// The folder.
    package let path: String

    /// The keys in the folder at `path`, which is not looked at yet.
    package init(_ path: String) { self.path = path }

    /// The keys that a coordinator makes for itself in its run directory.
    static func own(of runDirectory: String) -> KeyFolder { KeyFolder("\(runDirectory)/keys") }

    // MARK: Making

    /// Makes new keys; the folder appears whole. Throws ``KeyError/exists(path:)`` if there is one that is not empty.
    @discardableResult
    package static func create(at path: String) throws -> KeyFolder {
        try MessagingLibrary.requireCurve()
        let path = Files.withoutTrailingSlashes(path)
        let temporary = AtomicFile.temporaryName(for: path)
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        try Files.createFolder(Files.folder(of: path))
        try Files.createFolder(temporary, permissions: 0o700)
        try Files.createFolder("\(temporary)/workers", permissions: 0o700)
        let (coordinator, worker) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        let folder = KeyFolder(temporary)
        try folder.write(
            "coordinator.key", "the coordinator's secret key; for the coordinator only", coordinator)
        try folder.write(
            "coordinator.pub", "the coordinator's public key; for workers", coordinator.publicKey)
        try folder.write("worker.key", "the workers' secret key; for workers", worker)
        try folder.write(
            "workers/worker.pub", "a worker's public key; who is here is admitted", worker.publicKey)
        guard rename(temporary, path) == 0 else {
            if [EEXIST, ENOTEMPTY, ENOTDIR].contains(errno) { throw KeyError.exists(path: path) }
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        try AtomicFile.flushFolder(of: path)
        return KeyFolder(path)
    }

    private func write(_ name: String, _ heading: String, _ pair: CurveKeyPair) throws {
        try write(name, heading, ["public \(pair.publicKey.text)", "secret \(pair.secretKey.text)"])
    }

    private func write(_ name: String, _ heading: String, _ key: CurveKey) throws {
        try write(name, heading, ["public \(key.text)"])
    }

    private func write(_ name: String, _ heading: String, _ lines: [String]) throws {
        let text = (["# PyHealth (CURVE, Z85): \(heading)."] + lines).map { $0 + "\n" }.joined()
        try AtomicFile.write(Data(text.utf8), to: "\(path)/\(name)", permissions: 0o600)
    }

    // MARK: Reading

    /// What a coordinator needs: its pair and who is admitted.
    func coordinator() throws -> (pair: CurveKeyPair, workers: Set<CurveKey>) {
        let pair = try pair("coordinator.key")
        let folder = "\(path)/workers"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        let keys = try names.filter { $0.hasSuffix(".pub") && !$0.hasPrefix(".") }.map {
            try publicKey("workers/\($0)")
        }
        guard !keys.isEmpty else { throw KeyError.nobodyAdmitted(path: folder) }
        return (pair, Set(keys))
    }

    /// What a worker needs: its pair and the coordinator's public key.
    func worker() throws -> (pair: CurveKeyPair, server: CurveKey) {
        (try pair("worker.key"), try publicKey("coordinator.pub"))
    }

    private func pair(_ name: String) throws -> CurveKeyPair {
        let file = "\(path)/\(name)"
        let lines = try lines(of: file)
        var status = stat()
        guard stat(file, &status) == 0 else { throw FileError("open", path: file, errorNumber: errno) }
        // A group may read it where the machine's administrator shares it so; nobody else may do anything.
        guard status.st_mode & 0o027 == 0 else {
            throw KeyError.exposed(path: file, mode: String(status.st_mode & 0o777, radix: 8))
        }
        guard let secret = lines["secret"].flatMap({ CurveKey($0) }),
            let pair = try? CurveKeyPair(secretKey: secret),
            lines["public"] == pair.publicKey.text
        else { throw KeyError.malformed(path: file) }
        return pair
    }

    private func publicKey(_ name: String) throws -> CurveKey {
        let file = "\(path)/\(name)"
        let lines = try lines(of: file)
        guard let key = lines["public"].flatMap({ CurveKey($0) }), lines["secret"] == nil else {
            throw KeyError.malformed(path: file)
        }
        return key
    }

    private func lines(of file: String) throws -> [String: String] {
        guard access(file, F_OK) == 0 else { throw KeyError.missing(path: file) }
        let data = try Files.contents(of: file)
        guard data.count <= Self.largestFile else { throw KeyError.malformed(path: file) }
        var values: [String: String] = [:]
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
            guard words.count == 2, values[words[0]] == nil else { throw KeyError.malformed(path: file) }
            values[words[0]] = words[1]
        }
        return values
    }
}

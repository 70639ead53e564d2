import Foundation
import Groundwork
import TestSupport
import Testing
import ZeroMQ

@testable import ClusterRuntime

struct KeyFolderTests {
    @Test func keygenMakesPrivateFilesThatBothSidesRead() throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let coordinator = try keys.coordinator()
        let worker = try keys.worker()
        #expect(coordinator.workers == [worker.pair.publicKey])
        #expect(worker.server == coordinator.pair.publicKey)
        #expect(coordinator.pair.publicKey != worker.pair.publicKey)
        #expect(try mode(keys.path) == 0o700)
        #expect(try mode("\(keys.path)/workers") == 0o700)
        for file in ["coordinator.key", "worker.key", "coordinator.pub", "workers/worker.pub"] {
            #expect(try mode("\(keys.path)/\(file)") == 0o600, "\(file)")
            let lines = try String(contentsOfFile: "\(keys.path)/\(file)", encoding: .utf8).split(
                separator: "\n")
            #expect(lines[0].hasPrefix("# PyHealth"))
            #expect(lines.dropFirst().map { $0.count } == Array(repeating: 47, count: lines.count - 1))
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left == ["keys"])
    }

    @Test func aSlashAtTheEndNamesTheSameFolder() throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys/"))
        #expect(keys.path == folder.file("keys"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["keys"])
    }

    @Test func keygenOverwritesNothing() throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let before = try Data(contentsOf: URL(fileURLWithPath: "\(keys.path)/coordinator.key"))
        let error = try #require(throws: KeyError.self) { try KeyFolder.create(at: keys.path) }
        #expect(error.code == "keys.exist" && error.exitStatus == .cannotCreate)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(keys.path)/coordinator.key")) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["keys"])
        let file = folder.file("file")
        _ = createFile(file)
        #expect(throws: KeyError.self) { try KeyFolder.create(at: file) }
    }

    @Test func refusesSecretsThatOthersMayRead() throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        for bits in [0o604, 0o644, 0o620, 0o666] {
            chmod("\(keys.path)/coordinator.key", mode_t(bits))
            let error = try #require(throws: KeyError.self) { try keys.coordinator() }
            #expect(error.code == "keys.exposed" && error.exitStatus == .notPermitted)
            #expect(error.message.contains(String(bits, radix: 8)))
        }
        chmod("\(keys.path)/coordinator.key", 0o640)
        _ = try keys.coordinator()
    }

    @Test(arguments: [
        "", "public", "# heading only\n", "public short\nsecret short\n", "garbage in many words here\n",
        "public rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n", String(repeating: "x", count: 5000),
    ]) func refusesFilesThatHoldNoKey(content: String) throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        try AtomicFile.write(Data(content.utf8), to: "\(keys.path)/worker.key", permissions: 0o600)
        let error = try #require(throws: KeyError.self) { try keys.worker() }
        #expect(error.code == "keys.malformed" && error.exitStatus == .configuration)
        #expect(error.message.contains("worker.key"))
    }

    @Test func namesWhatIsMissing() throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        unlink("\(keys.path)/coordinator.pub")
        #expect(throws: KeyError.self) { try keys.worker() }
        unlink("\(keys.path)/workers/worker.pub")
        let error = try #require(throws: KeyError.self) { try keys.coordinator() }
        #expect(error.code == "keys.nobody-admitted")
        let nowhere = try #require(throws: KeyError.self) { try KeyFolder(folder.file("no")).coordinator() }
        #expect(nowhere.code == "keys.missing")
    }

    @Test func everyPublicKeyInWorkersIsAdmitted() throws {
        let folder = try TemporaryFolder("keys")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let other = try KeyFolder.create(at: folder.file("other"))
        try FileManager.default.copyItem(
            atPath: "\(other.path)/workers/worker.pub", toPath: "\(keys.path)/workers/node7.pub")
        #expect(try keys.coordinator().workers.count == 2)
        unlink("\(keys.path)/workers/worker.pub")
        #expect(try keys.coordinator().workers == [other.worker().pair.publicKey])
    }

    // MARK: Where keys are needed

    @Test(arguments: [
        ("tcp://0.0.0.0:5555", false), ("tcp://*:5555", false), ("tcp://10.0.0.1:5555", false),
        ("tcp://[::]:5555", false), ("tcp://127.example.org:5555", false),
        ("tcp://127.0.0.1.evil.org:5", false),
        ("tcp://128.0.0.1:5", false), ("udp://127.0.0.1:5", false), ("tcp://:5555", false),
        ("tcp://127.0.0.1:5555", true), ("tcp://127.8.9.1:*", true), ("tcp://[::1]:5555", true),
        ("tcp://localhost:5555", true), ("tcp://[::ffff:127.0.0.1]:5555", true),
        ("tcp://[::ffff:10.0.0.1]:5555", false),
    ]) func insecureIsForLoopbackOnly(endpoint: String, isAllowed: Bool) throws {
        let folder = try TemporaryFolder("keys")
        func ask() throws -> Bool {
            let one = try Protection.coordinator(
                listen: endpoint, keys: nil, isInsecure: true, runDirectory: folder.path)
            let two = try Protection.worker(
                endpoint: endpoint, keys: nil, isInsecure: true, runDirectory: folder.path)
            return one == nil && two == nil
        }
        if isAllowed {
            #expect(try ask())
        } else {
            let error = try #require(throws: KeyError.self) { try ask() }
            #expect(error.code == "keys.insecure" && error.exitStatus == .configuration)
            #expect(error.message.contains(endpoint))
        }
    }

    @Test func theCoordinatorMakesKeysInItsRunDirectoryOnce() throws {
        let folder = try TemporaryFolder("keys")
        func ask() throws -> CurveKey? {
            try Protection.coordinator(
                listen: "tcp://0.0.0.0:5555", keys: nil, isInsecure: false, runDirectory: folder.path)?.pair
                .publicKey
        }
        let first = try ask()
        #expect(first != nil)
        #expect(try ask() == first)
        #expect(try mode(folder.file("keys")) == 0o700)
        let worker = try Protection.worker(
            endpoint: "tcp://head:5555", keys: nil, isInsecure: false, runDirectory: folder.path)
        #expect(worker?.server == first)
        let none = try #require(throws: KeyError.self) {
            try Protection.worker(
                endpoint: "tcp://head:5555", keys: nil, isInsecure: false, runDirectory: nil)
        }
        #expect(none.code == "keys.none")
        let both = try #require(throws: KeyError.self) {
            try Protection.worker(
                endpoint: "tcp://head:5555", keys: folder.path, isInsecure: true, runDirectory: nil)
        }
        #expect(both.code == "keys.contradiction")
        #expect(
            try Protection.coordinator(
                listen: "ipc:///x", keys: nil, isInsecure: false, runDirectory: "/nowhere") == nil)
    }

    private func mode(_ path: String) throws -> Int {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return Int(status.st_mode & 0o777)
    }
}

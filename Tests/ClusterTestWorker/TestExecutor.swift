import ClusterRuntime
import Foundation
import Groundwork

/// An input error as an executor throws it.
struct TestInputError: PyHealthError {
    let code = "test.bad-input"
    let exitStatus: ExitStatus
    let message = "table \"numbers\", byte 17: not a number."
}

/// Work of a shard, told by words in the payload: `<command> [argument]` per line, then written to the output `text`.
///
/// `kill <marker>`: kill this process unless the marker file exists already (so once); `fail`: a deterministic error;
/// `pid <path>`: write the process's number to a file with this name and the shard's; `read <path>`: a file of an earlier shard, which must begin with "shard"; `flaky <marker>`: an error that goes away; `segfault`, `killed`: a crash or kill every time; `wait <marker>`: until the file exists.
struct TestExecutor: WorkExecutor {
    func run(_ work: ShardWork, progress: ProgressCounter) throws -> ShardResult {
        let text = String(decoding: work.payload, as: UTF8.self)
        progress.setTotal(1)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            switch words[0] {
            case "kill": if createMarker(words[1]) { kill(getpid(), SIGKILL) }
            case "fail": throw TestInputError(exitStatus: .data)
            case "internal": throw TestInputError(exitStatus: .internal)
            case "flaky": if createMarker(words[1]) { throw TestInputError(exitStatus: .io) }
            case "segfault": kill(getpid(), SIGSEGV)
            case "killed": kill(getpid(), SIGKILL)
            case "pid":
                try AtomicFile.write("\(getpid())", to: words[1] + work.shardName, durable: false)
            case "read": try read(words[1], in: work.runDirectory)
            case "wait":
                while access(words[1], F_OK) != 0 {
                    usleep(5000)
                    progress.beat()
                }
            default: break
            }
        }
        let output = "shard \(work.shardName): \(text)"
        try AtomicFile.write(output, to: work.temporaryPath(for: "text"), durable: false)
        progress.advance(bytes: work.payload.count)
        return ShardResult(outputs: [.init(name: "text", rows: 1)], result: Data(work.shardName.utf8))
    }

    func trainingMember(payload: Data, work: TrainingWork) throws -> any TrainingMember {
        let text = String(decoding: payload, as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("read ") {
            try read(String(line.dropFirst(5)), in: work.runDirectory)
        }
        return TestMember(payload: text, work: work)
    }

    private func read(_ path: String, in runDirectory: String) throws {
        let data = try Files.contents(of: "\(runDirectory)/\(path)")
        guard data.starts(with: Data("shard".utf8)) else {
            throw DamagedInput(path: path, cause: TestInputError(exitStatus: .data))
        }
    }
}

/// Creates a file that did not exist; returns whether it did not.
func createMarker(_ path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
}

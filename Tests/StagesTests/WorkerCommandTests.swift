import Foundation
import TestSupport
import Testing

/// `pyhealth-worker` as somebody starts it by hand.
@Suite(.serialized) struct WorkerCommandTests {
    /// Swift's trace would show registers and the memory that they point at.
    @Test(arguments: [
        ("pyhealth-worker", ["--patience", "600", "--output"]),
        ("pyhealth-coord", ["synthesize", "mimic3", "--patients", "1000000", "--seed", "1", "--output"]),
    ]) func aCrashPrintsNoMemory(command: String, arguments: [String]) throws {
        let folder = try TemporaryFolder("crash")
        let running = try Commands.start(command, arguments + [folder.file("run")], folder: folder)
        // The last thing that a command's protection does is to ignore this signal.
        while running.isRunning, try !ignores(SIGXFSZ, running.pid) { usleep(1000) }
        kill(running.pid, SIGSEGV)
        let outcome = try running.wait()
        #expect(outcome.status == SIGSEGV)
        #expect(
            !outcome.errors.contains("Crash") && !outcome.errors.contains("Registers"), "\(outcome.errors)")
    }

    private func ignores(_ signal: Int32, _ pid: Int32) throws -> Bool {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        let mask = line.flatMap {
            UInt64($0.dropFirst("SigIgn:".count).trimmingCharacters(in: .whitespaces), radix: 16)
        }
        return (mask ?? 0) >> UInt64(signal - 1) & 1 == 1
    }
}

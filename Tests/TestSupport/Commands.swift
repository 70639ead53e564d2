import Foundation

/// The products' commands, run as processes of their own.
package enum Commands {
    /// The path of an executable that was built with the tests.
    package static func path(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count - 1))
        let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folders = [own, CommandLine.arguments[0]].map { ($0 as NSString).deletingLastPathComponent }
        let candidates = (folders + [Bundle.main.bundlePath]).map { "\($0)/\(name)" }
        return candidates.first { access($0, X_OK) == 0 } ?? candidates[0]
    }

    /// How a command ended.
    package struct Outcome: Sendable {
        package let status: Int32
        package let output: String
        package let errors: String
    }

    /// Starts a command; its output goes to files in `folder`.
    package static func start(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], folder: TemporaryFolder
    ) throws -> RunningCommand {
        try RunningCommand(path(name), arguments, environment, folder)
    }

    /// Starts a tool of the system.
    package static func startTool(_ name: String, _ arguments: [String], folder: TemporaryFolder) throws
        -> RunningCommand
    {
        try RunningCommand("/usr/bin/env", [name] + arguments, [:], folder)
    }

    /// Runs a tool of the system to its end.
    package static func runTool(_ name: String, _ arguments: [String], folder: TemporaryFolder) throws
        -> Outcome
    {
        try startTool(name, arguments, folder: folder).wait()
    }

    /// Runs a command to its end.
    package static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], folder: TemporaryFolder
    ) throws -> Outcome {
        try start(name, arguments, environment: environment, folder: folder).wait()
    }
}

/// A command that was started.
package final class RunningCommand {
    private let process = Process()
    private let output: String
    private let errors: String

    init(_ path: String, _ arguments: [String], _ environment: [String: String], _ folder: TemporaryFolder)
        throws
    {
        let id = UUID().uuidString
        output = folder.file("\(id).out")
        errors = folder.file("\(id).err")
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
    }

    /// The process id.
    package var pid: Int32 { process.processIdentifier }
    /// Whether it still runs.
    package var isRunning: Bool { process.isRunning }

    /// Waits for the end.
    package func wait() throws -> Commands.Outcome {
        process.waitUntilExit()
        return Commands.Outcome(
            status: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }
}

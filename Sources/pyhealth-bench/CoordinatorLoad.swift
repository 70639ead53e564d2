import ArgumentParser
import ClusterRuntime
import Foundation

/// What a coordinator process uses while pretended workers keep it busy.
struct CoordinatorLoad {
    let folder: String
    let workers: Int
    /// Seconds of a window.
    let seconds: Double
    let runs: Int

    /// Asked of a coordinator with a thousand workers: percent of a core, MB.
    private static let asked = (percent: 5.0, megabytes: 200.0)

    /// Workers that take shards and give results back.
    func shards() throws -> [ClusterFigure] {
        try measure("shards", arguments: ["--shards", "\(20 * workers)"]) { crowd, process in
            try crowd.work(seconds: 60) { crowd.welcomed == workers }
            let before = crowd.acknowledged
            var figures = try self.figures("shards", crowd, process)
            let results = Double(crowd.acknowledged - before) / (seconds * Double(runs))
            figures.append(ClusterFigure("\(workers) workers, shards: results", "per s", [results]))
            return figures
        }
    }

    /// Members of one training; then one is lost.
    func training() throws -> [ClusterFigure] {
        try measure("training", arguments: ["--ranks", "\(max(1024, workers))"]) { crowd, process in
            try crowd.work(seconds: 120) { crowd.training == workers }
            guard crowd.training == workers else { throw ValidationError("The training did not begin.") }
            try crowd.work(seconds: 2)
            var figures = try self.figures("training", crowd, process)
            let generation = crowd.generation
            crowd.kill(1)
            let (lost, used) = (Date(), process.cpuSeconds)
            try crowd.work(seconds: 60) { crowd.generation > generation && crowd.training == workers - 1 }
            figures.append(
                ClusterFigure(
                    "\(workers) members, one lost: all others go on after", "s",
                    [Date().timeIntervalSince(lost)]))
            figures.append(
                ClusterFigure("\(workers) members, one lost: CPU time", "s", [process.cpuSeconds - used]))
            figures.append(
                ClusterFigure(
                    "\(workers) members, one lost: memory", "MB", [process.peakMegabytes],
                    asked: Self.asked.megabytes))
            return figures
        }
    }

    private func figures(
        _ name: String, _ crowd: VirtualWorkers, _ process: WatchedProcess
    ) throws -> [ClusterFigure] {
        var shares: [Double] = []
        for _ in 0..<runs {
            let (start, used) = (Date(), process.cpuSeconds)
            try crowd.work(seconds: seconds)
            shares.append(100 * (process.cpuSeconds - used) / Date().timeIntervalSince(start))
        }
        guard crowd.welcomed == workers else { throw ValidationError("The coordinator gave up workers.") }
        return [
            ClusterFigure(
                "\(workers) workers, \(name): a core's share", "%", shares, asked: Self.asked.percent),
            ClusterFigure(
                "\(workers) workers, \(name): memory", "MB", [process.peakMegabytes],
                asked: Self.asked.megabytes),
        ]
    }

    private func measure(
        _ name: String, arguments: [String],
        _ body: (VirtualWorkers, WatchedProcess) throws -> [ClusterFigure]
    ) throws -> [ClusterFigure] {
        let output = "\(folder)/\(name)"
        try? FileManager.default.removeItem(atPath: output)
        defer { try? FileManager.default.removeItem(atPath: output) }
        let process = try WatchedProcess(
            arguments: ["coordinate", "--output", output] + arguments)
        defer { process.kill() }
        let crowd = try VirtualWorkers(
            count: workers, runDirectory: output, build: CoordinateCommand.build,
            fingerprint: CoordinateCommand.build)
        return try body(crowd, process)
    }
}

/// A process of this very command whose use of the machine is watched.
final class WatchedProcess {
    private let process = Process()

    /// Starts it.
    init(arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        try process.run()
    }

    /// User and system time so far.
    var cpuSeconds: Double {
        let text =
            (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        guard fields.count > 14, let user = Double(fields[13]), let system = Double(fields[14]) else {
            return 0
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Largest resident memory so far, MB (10⁶ bytes).
    var peakMegabytes: Double {
        let text =
            (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Double(line.filter(\.isNumber)) ?? 0) * 1024 / 1e6
    }

    /// Ends it and waits for its end.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

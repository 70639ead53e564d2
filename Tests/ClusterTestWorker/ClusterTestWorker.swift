import ClusterRuntime
import Foundation
import Groundwork

/// A worker with small computations and faults on demand, for tests of the cluster with real processes.
@main
struct ClusterTestWorker {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count >= 5, arguments[1] == "--coordinate" {
            do {
                try TestCoordinator.run(
                    job: arguments[2], directory: arguments[3], workers: Int(arguments[4]) ?? 1,
                    isStandby: arguments.last == "standby")
                exit(0)
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                exit((error as? any PyHealthError)?.exitStatus.rawValue ?? 70)
            }
        }
        if arguments.count == 4, arguments[1] == "--fuzz", let count = Int(arguments[2]),
            let seed = UInt64(arguments[3])
        {
            guard let figures = try? FrameFuzz.run(count: count, seed: seed) else { exit(70) }
            print(
                "seed \(seed): \(figures.frames) frames, \(figures.envelopes) still messages, "
                    + "\(figures.peerFrames) still whole, \(figures.growth >> 10) KiB more memory")
            exit(figures.growth < 32 << 20 ? 0 : 1)
        }
        func value(_ name: String) -> String? {
            arguments.firstIndex(of: name).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
        }
        guard value("--connect") != nil || value("--output") != nil else { exit(64) }
        let environment = ProcessInfo.processInfo.environment
        if environment["CLUSTER_TEST_EXIT"] == "early" { exit(70) }
        var options = WorkerOptions(
            connect: value("--connect"), buildVersion: environment["CLUSTER_TEST_BUILD"] ?? "test",
            numericFingerprint: environment["CLUSTER_TEST_FINGERPRINT"] ?? "fingerprint")
        options.patience = value("--patience").flatMap(Double.init) ?? 120
        options.runDirectory = value("--output")
        options.keys = value("--keys")
        options.dataAddress = value("--data-address")
        options.isInsecure = arguments.contains("--insecure")
        do {
            exit(try Worker.run(executor: TestExecutor(), options: options).rawValue)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit((error as? any PyHealthError)?.exitStatus.rawValue ?? 70)
        }
    }
}

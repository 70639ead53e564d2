import ClusterRuntime
import Foundation
import Groundwork

/// A worker with small computations and faults on demand, for tests of the cluster with real processes.
@main
struct ClusterTestWorker {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 5, arguments[1] == "--coordinate" {
            do {
                try TestCoordinator.run(
                    job: arguments[2], directory: arguments[3], workers: Int(arguments[4]) ?? 1)
                exit(0)
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                exit((error as? any PyHealthError)?.exitStatus.rawValue ?? 70)
            }
        }
        guard let place = arguments.firstIndex(of: "--connect"), place + 1 < arguments.count else { exit(64) }
        let environment = ProcessInfo.processInfo.environment
        if environment["CLUSTER_TEST_EXIT"] == "early" { exit(70) }
        var options = WorkerOptions(
            connect: arguments[place + 1], buildVersion: environment["CLUSTER_TEST_BUILD"] ?? "test",
            numericFingerprint: "fingerprint")
        options.patience = 120
        do {
            exit(try Worker.run(executor: TestExecutor(), options: options).rawValue)
        } catch {
            exit((error as? any PyHealthError)?.exitStatus.rawValue ?? 70)
        }
    }
}

import ArgumentParser
import ClusterProtocol
import Foundation

/// Prints what many workers would reach.
struct ScalingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "Predicted efficiency of a training on many workers (docs/scaling.md).",
        discussion: "Example: pyhealth-bench scaling --parameters 10000000 --step-ms 250 --gigabits 10")

    @Option(help: "Parameters of the model.")
    var parameters = 10_000_000

    @Option(help: "Milliseconds that one worker computes per step.")
    var stepMs = 250.0

    @Option(help: "Speed of a worker's link in Gb/s, of which 80 % count.")
    var gigabits = 10.0

    @Option(help: "Microseconds per message in sequence.")
    var alphaUs = 50.0

    @Option(help: "Virtual ranks of each worker; gradients travel during the way back of the last one.")
    var leaves: [Int] = [1, 4]

    @Option(help: "Numbers of workers.")
    var workers: [Int] = [2, 8, 64, 512]

    func validate() throws {
        guard parameters > 0, stepMs > 0, gigabits > 0, alphaUs >= 0, leaves.allSatisfy({ $0 > 0 }),
            workers.allSatisfy({ $0 > 0 })
        else { throw ValidationError("Expected positive numbers.") }
    }

    func run() {
        let model = ScalingModel(
            gradientBytes: Double(parameters) * 4, stepSeconds: stepMs / 1000, latency: alphaUs / 1e6,
            bandwidth: gigabits * 1e8)
        print("| workers | route | exchange alone, ms | " + header)
        print("|---|---|---|" + leaves.map { _ in "---|" }.joined())
        for count in workers {
            let ranges = VirtualRankPlan.ranges(ranks: count, members: count)
            for route in Set([
                .direct, CollectiveRoute.choose(.auto, ranges: ranges, hosts: Array(0..<count)),
            ])
            .sorted(by: { $0.rawValue < $1.rawValue }) {
                let alone = model.exchange(model.gradientBytes, workers: count, route: route) * 1000
                let parts = leaves.map { leaves in
                    String(
                        format: "%.1f %%",
                        100 * model.efficiency(workers: count, leaves: leaves, route: route))
                }
                print(
                    "| \(count) | \(route) | \(String(format: "%.1f", alone)) | "
                        + parts.joined(separator: " | ") + " |")
            }
        }
    }

    private var header: String {
        leaves.map { "efficiency, \($0) virtual rank\($0 == 1 ? "" : "s") per worker |" }.joined(
            separator: " ")
    }
}

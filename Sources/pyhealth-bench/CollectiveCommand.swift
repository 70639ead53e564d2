import ArgumentParser
import ClusterProtocol
import ClusterRuntime
import Foundation

/// Measures sums of gradients over real sockets beside their α-β bound.
struct CollectiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collective",
        abstract: "Time of a sum over members on this machine beside phases·α + 2(N − 1)/N·m/β.",
        discussion: """
            α: half the time in which two members exchange nothing there and back; β: bytes per second and member while all \
            send to all; both are measured in the same run with as many members. Members are threads, each with the sockets of \
            a process. Example: pyhealth-bench collective --members 2 --transport ipc
            """)

    @Option(help: "Numbers of members.")
    var members: [Int] = [2, 4, 8]

    @Option(help: "ipc or tcp.")
    var transport: [String] = ["ipc", "tcp"]

    @Option(help: "Megabytes of gradients.")
    var megabytes: [Int] = [1, 10, 40]

    @Option(help: "Rounds, of which the median counts.")
    var rounds = 9

    func validate() throws {
        guard transport.allSatisfy(["ipc", "tcp"].contains) else {
            throw ValidationError("--transport: expected ipc or tcp.")
        }
        guard rounds > 0, members.allSatisfy({ $0 > 1 }), megabytes.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("Expected at least two members, one megabyte and one round.")
        }
    }

    func run() throws {
        print("| members | transport | route | MB | α, µs | β, GB/s | sum, ms | bound, ms | of the bound |")
        print("|---|---|---|---|---|---|---|---|---|")
        for transport in transport {
            for count in members {
                for size in megabytes {
                    for route in [CollectiveRoute.direct, .halving, .leadersDirect] {
                        try measure(count, transport, size, route)
                    }
                }
            }
        }
    }

    private func measure(_ count: Int, _ transport: String, _ size: Int, _ route: CollectiveRoute) throws {
        let ranges = VirtualRankPlan.ranges(ranks: count, members: count)
        guard route.suited(to: ranges, hosts: Array(0..<count)) == route else { return }
        let bytes = size * 1_000_000
        let times = try CollectiveProbe.measure(
            CollectiveProbe.Case(
                members: count, transport: transport, route: route, bytes: bytes, rounds: rounds))
        let alpha = median(times.empty)
        let share = Double(min(bytes / count, 64 << 20))
        let beta = share * Double(count - 1) / max(median(times.gathers) - alpha, 1e-9)
        let phases = route == .halving ? ScalingModel.phases(route, workers: count) : 2
        let bound = Double(phases) * alpha + 2 * Double(count - 1) / Double(count) * Double(bytes) / beta
        let sum = median(times.sums)
        let numbers = [alpha * 1e6, beta / 1e9, sum * 1e3, bound * 1e3, 100 * bound / sum].map {
            String(format: "%.1f", $0)
        }
        print(
            "| \(count) | \(transport) | \(route) | \(size) | \(numbers.joined(separator: " | ")) % |")
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

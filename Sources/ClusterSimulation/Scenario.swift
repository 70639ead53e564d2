import ClusterProtocol
import Groundwork

/// One history's world and what goes wrong in it: a function of the seed.
package struct Scenario: Sendable {
    /// Something that happens at a time.
    enum Mishap: Sendable {
        case killWorker
        case killCoordinator
        /// All processes of a host end, and what it had not flushed is gone.
        case crashHost(Int)
        /// Hosts below and from this number do not hear each other.
        case partition(from: Int, lasting: Seconds)
        case stopWorker(Seconds)
        case stopCoordinator(Seconds)
        /// A clock that only goes forward jumps.
        case jumpWorker(Seconds)
        case jumpCoordinator(Seconds)
        /// Another coordinator starts where the lock does not reach.
        case secondCoordinator
        case startWorker
        /// A person asks for an orderly end; the same command is given again.
        case drain
        /// All coordinators die and their journals are gone; `recover` rebuilds one.
        case loseJournals
        /// The disk's n-th call from now on.
        case diskFault(after: Int, SimulatedDisk.Fault)
    }

    /// Hosts; coordinators run on the first two.
    let hosts: Int
    let workers: Int
    let shards: Int
    let virtualRanks: Int
    let steps: UInt64
    /// Probabilities that a message is lost, comes twice, and the longest time it takes (seconds).
    let loss: Double
    let duplication: Double
    let delay: Seconds
    /// Probability that a message takes up to four seconds.
    let stray: Double
    /// Probabilities that a file rots right after it got its name, and that a copied state does.
    let fileRot: Double
    let stateRot: Double
    /// Probability that a file of the finished stage rots before the training reads it.
    let inputRot: Double
    /// Members that the training has at least and at most.
    let members: ClosedRange<Int>
    let mishaps: [(time: Seconds, mishap: Mishap)]

    /// Seconds after which nothing goes wrong any more.
    static let faultsEnd: Seconds = 30
    /// Seconds within which the job must end after that.
    static let livenessBound: Seconds = 150

    /// The scenario of a seed; every eighth is a quiet one.
    package init(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: .test, layer: 1)
        let isQuiet = random.nextInt(below: 8) == 0
        hosts = 2 + random.nextInt(below: 2)
        workers = 2 + random.nextInt(below: 3)
        shards = 6
        virtualRanks = 4
        steps = 8
        let isLossy = !isQuiet && random.nextInt(below: 2) == 0
        loss = isLossy ? 0.15 * random.nextDouble() : 0
        duplication = isLossy ? 0.15 * random.nextDouble() : 0
        delay = 0.002 + (isLossy ? 0.4 * random.nextDouble() * random.nextDouble() : 0.01)
        stray = isLossy ? 0.06 * random.nextDouble() : 0
        fileRot = !isQuiet && random.nextInt(below: 4) == 0 ? 0.05 : 0
        stateRot = !isQuiet && random.nextInt(below: 16) == 0 ? 0.5 : 0
        inputRot = !isQuiet && random.nextInt(below: 6) == 0 ? 0.5 : 0
        let least = random.nextInt(below: 4) == 0 ? 2 : 1
        members = least...(random.nextInt(below: 4) == 0 ? 2 : 16)
        let count = isQuiet ? 0 : 1 + random.nextInt(below: 6)
        let hosts = hosts
        mishaps = (0..<count).map { _ in
            // Most of it while work is under way: a quiet job ends after about four seconds.
            (random.nextDouble() * (random.nextInt(below: 4) == 0 ? 10 : 4), Self.mishap(&random, hosts))
        }
    }

    /// Whether three workers may die, or fail, over one shard; two of them over files that rot.
    var hasManyKills: Bool {
        let deaths = mishaps.count { _, mishap in
            switch mishap {
            case .killWorker, .diskFault: true
            default: false
            }
        }
        return deaths + (fileRot > 0 ? 2 : 0) >= 3
    }

    private static func mishap(_ random: inout RandomStream, _ hosts: Int) -> Mishap {
        switch random.nextInt(below: 17) {
        case 0, 1: .killWorker
        case 2: .killCoordinator
        case 3, 4: .crashHost(random.nextInt(below: hosts))
        case 5: .partition(from: 1 + random.nextInt(below: hosts - 1), lasting: 8 * random.nextDouble())
        case 6: .stopWorker(20 * random.nextDouble())
        case 7: .stopCoordinator(10 * random.nextDouble())
        case 8: .jumpWorker(90 * random.nextDouble())
        case 9: .jumpCoordinator(90 * random.nextDouble())
        case 10: .secondCoordinator
        case 11: .startWorker
        case 14, 15: .drain
        case 16: .loseJournals
        default: .diskFault(after: 1 + random.nextInt(below: 30), diskFault(&random))
        }
    }

    private static func diskFault(_ random: inout RandomStream) -> SimulatedDisk.Fault {
        switch random.nextInt(below: 5) {
        case 0: .error(28)  // ENOSPC
        case 1: .error(5)  // EIO
        case 2: .error(116)  // ESTALE
        case 3: .death
        default: .deathAfter
        }
    }
}

import ClusterProtocol
import Foundation

/// What goes wrong.
extension World {
    func happen(_ mishap: Scenario.Mishap) throws {
        switch mishap {
        case .killWorker: pick(workers).map(kill)
        case .killCoordinator: pick(coordinators).map { restart($0, nil) }
        case .crashHost(let host): crash(host)
        case .partition(let from, let lasting): partition = (from, now + lasting)
        case .stopWorker(let lasting): pick(workers)?.stoppedUntil = now + lasting
        case .stopCoordinator(let lasting): pick(coordinators)?.stoppedUntil = now + lasting
        case .jumpWorker(let seconds): pick(workers)?.clockOffset += seconds
        case .jumpCoordinator(let seconds): pick(coordinators)?.clockOffset += seconds
        case .secondCoordinator:
            let hosts = (0..<2).filter { coordinator(on: $0) == nil }
            if let host = hosts.last { post(.startCoordinator(host: host), after: 0) }
            // Side by side they are only as long as something goes wrong.
            post(.mishap(.killCoordinator), after: Scenario.faultsEnd - now)
        case .startWorker: post(.startWorker(host: random.nextInt(below: scenario.hosts)), after: 0)
        case .drain:
            guard let process = pick(coordinators) else { return }
            process.drainAsked = process.drainAsked ?? now
            try feed(process, .drain(shardGrace: 1))
        case .loseJournals: loseJournals()
        case .diskFault(let after, let fault): disk.faults[disk.calls + after] = fault
        }
    }

    private func pick<P: Process>(_ processes: [Int: P]) -> P? {
        let ids = processes.keys.sorted()
        return ids.isEmpty ? nil : processes[ids[random.nextInt(below: ids.count)]]
    }

    /// Coordinators die, and what they wrote down is lost.
    private func loseJournals() {
        coordinators = [:]
        disk.loseJournals()
        promises.loseJournals()
        needsRecovery = true
        post(.startCoordinator(host: 0), after: 0.5)
    }

    /// A host goes down with all that it had not flushed.
    private func crash(_ host: Int) {
        for worker in workers.values.filter({ $0.host == host }).sorted(by: { $0.id < $1.id }) {
            workers[worker.id] = nil
            post(.startWorker(host: host), after: 1 + soon(3))
        }
        for process in coordinators.values where process.host == host { restart(process, nil) }
        disk.crash(host) { random.nextInt(below: $0 + 1) }
    }

    /// Processes that died at a call of the disk.
    func buryDead() {
        for id in workers.keys.sorted() {
            if let worker = workers[id], worker.disk.isDead { kill(worker) }
        }
        for id in coordinators.keys.sorted() {
            if let process = coordinators[id], process.disk.isDead { restart(process, nil) }
        }
    }
}

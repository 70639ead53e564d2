import ClusterRuntime
import Foundation
import Groundwork

/// A toy training: a vector that every step moves by the sum of pseudo-random leaves of K virtual ranks.
///
/// Payload: `steps <n>`, `size <n>`, `kill <step> <member> <marker>` for members that kill themselves once,
/// `rogue …` for one that spoils its state once, `spoil <marker>`: the first copy of a state is wrong, and `agree <n>`:
/// compare digests every n steps.
final class TestMember: TrainingMember {
    private(set) var position: UInt64 = 0
    private var values: [Float]
    private let steps: UInt64
    /// Steps from one comparison of digests to the next; 0: never.
    private var agreement: UInt64 = 0
    /// Milliseconds that a step takes at least.
    private var pace: UInt32 = 0
    /// Where a member spoils its state, once.
    private var rogues: [(step: UInt64, member: Int, marker: String)] = []
    /// Made by the first copy, which is spoilt.
    private var spoiltCopy: String?
    private let kills: [(step: UInt64, member: Int, marker: String)]
    private let work: TrainingWork

    init(payload: String, work: TrainingWork) {
        var (steps, size) = (UInt64(10), 100)
        var kills: [(step: UInt64, member: Int, marker: String)] = []
        for line in payload.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words[0] {
            case "steps": steps = UInt64(words[1]) ?? 0
            case "size": size = Int(words[1]) ?? 0
            case "kill": kills.append((UInt64(words[1]) ?? 0, Int(words[2]) ?? 0, words[3]))
            case "spoil": spoiltCopy = words[1]
            case "pace": pace = UInt32(words[1]) ?? 0
            case "agree": agreement = UInt64(words[1]) ?? 0
            case "rogue": rogues.append((UInt64(words[1]) ?? 0, Int(words[2]) ?? 0, words[3]))
            default: break
            }
        }
        self.steps = steps
        self.kills = kills
        self.work = work
        values = (0..<size).map { Float($0 % 7) * 0.25 }
    }

    func stateDigest() -> Data {
        var hash = UInt64(position)
        for value in values { hash = splitMix(hash ^ UInt64(value.bitPattern)) }
        return withUnsafeBytes(of: hash) { Data($0) }
    }

    let damagedCheckpoints = 0

    func state() throws -> Data {
        var data = withUnsafeBytes(of: position) { Data($0) }
        values.withUnsafeBytes { data.append(contentsOf: $0) }
        return data
    }

    func restore(_ state: Data) throws {
        guard state.count == 8 + 4 * values.count else { throw TestInputError(exitStatus: .internal) }
        state.withUnsafeBytes { bytes in
            position = bytes.loadUnaligned(as: UInt64.self)
            for index in values.indices {
                values[index] = bytes.loadUnaligned(fromByteOffset: 8 + 4 * index, as: Float.self)
            }
        }
        if let spoiltCopy, createMarker(spoiltCopy) { values[0] += 1 }
    }

    func writeCheckpoint() throws {
        try AtomicFile.write(try state(), to: "\(work.runDirectory)/\(work.folder)/kept.bin", durable: false)
    }

    func run(with collective: any Collective, progress: ProgressCounter) throws -> TrainingResult {
        progress.setTotal(Int(steps))
        while position < steps {
            progress.setDone(Int(position))
            for kill in kills where kill.step == position && kill.member == collective.memberIndex {
                if createMarker(kill.marker) { Foundation.kill(getpid(), SIGKILL) }
            }
            usleep(1000 * pace)
            try step(collective)
            for rogue in rogues where rogue.step == position && rogue.member == collective.memberIndex {
                if createMarker(rogue.marker) { values[0] += 1 }
            }
            if agreement > 0, position % agreement == 0 {
                try collective.agree(on: stateDigest(), position: position)
            }
            if collective.memberIndex == 0, work.checkpointRequest.take() {
                try writeCheckpoint()
                work.checkpointRequest.fulfil(position: position)
            }
        }
        let path = "\(work.folder)/final.bin"
        if collective.memberIndex == 0 {
            try AtomicFile.write(try state(), to: "\(work.runDirectory)/\(path)", durable: false)
        }
        return TrainingResult(files: [path], result: stateDigest())
    }

    private func step(_ collective: any Collective) throws {
        let count = values.count
        var memory = collective.virtualRanks.map { rank -> UnsafeMutableBufferPointer<Float>? in
            // Some virtual ranks have no samples in some steps.
            guard splitMix(position &* 31 &+ UInt64(rank)) % 5 != 0 else { return nil }
            let leaf = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            var stream = RandomStream(seed: 7, purpose: .test, step: Int(position), rank: rank)
            for index in 0..<count { leaf[index] = stream.nextFloat() - 0.5 + values[index] * 1e-3 }
            return leaf
        }
        let root = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer {
            for leaf in memory { leaf?.deallocate() }
            memory = []
            root.deallocate()
        }
        let scalars = zip(collective.virtualRanks, memory).map { rank, leaf in
            leaf == nil ? [] : [Double(rank) * 0.1]
        }
        let sums = try collective.allReduce(
            leaves: memory.map { $0.map { TouchedFloats($0) } }, scalars: scalars, scalarCount: 1,
            into: root)
        let gathered = try collective.allGather(withUnsafeBytes(of: root.first ?? 0) { Data($0) })
        guard Set(gathered).count == 1 else { throw TestInputError(exitStatus: .internal) }
        let scale = Float(1 + (sums.scalars.first ?? 0))
        let next = values.indices.map { values[$0] - 0.01 * root[$0] * scale }
        values = next
        position += 1
    }
}

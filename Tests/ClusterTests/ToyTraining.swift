import ClusterRuntime
import Foundation
import Groundwork

/// The test worker's toy training, computed here in the plainest way: the same tree, no cluster.
func trainAlone(_ payload: String, ranks: Int) throws -> Data {
    var (steps, size) = (UInt64(10), 100)
    for line in payload.split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        if words[0] == "steps" { steps = UInt64(words[1]) ?? 0 }
        if words[0] == "size" { size = Int(words[1]) ?? 0 }
    }
    var values = (0..<size).map { Float($0 % 7) * 0.25 }
    for position in 0..<steps {
        let leaves = (0..<ranks).map { rank -> ([Float], Double)? in
            guard splitMix(position &* 31 &+ UInt64(rank)) % 5 != 0 else { return nil }
            var stream = RandomStream(seed: 7, purpose: .test, step: Int(position), rank: rank)
            return (values.map { stream.nextFloat() - 0.5 + $0 * 1e-3 }, Double(rank) * 0.1)
        }
        let root = plainTree(leaves) ?? ([Float](repeating: 0, count: size), 0)
        let scale = Float(1 + root.1)
        values = values.indices.map { values[$0] - 0.01 * root.0[$0] * scale }
    }
    var hash = steps
    for value in values { hash = splitMix(hash ^ UInt64(value.bitPattern)) }
    return withUnsafeBytes(of: hash) { Data($0) }
}

/// The fixed tree as its definition says: pad with absent leaves to a power of two, then add neighbours level by level.
func plainTree(_ leaves: [([Float], Double)?]) -> ([Float], Double)? {
    var level = leaves
    var size = 1
    while size < leaves.count { size *= 2 }
    level += Array(repeating: nil, count: size - leaves.count)
    while level.count > 1 {
        level = stride(from: 0, to: level.count, by: 2).map { index in
            guard let left = level[index] else { return level[index + 1] }
            guard let right = level[index + 1] else { return left }
            return (zip(left.0, right.0).map { $0 + $1 }, left.1 + right.1)
        }
    }
    return level[0]
}

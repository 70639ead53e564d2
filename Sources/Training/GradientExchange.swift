package import Groundwork

/// How the members of a training run add their gradients and share results; the cluster supplies the real one.
///
/// The sum over the K virtual ranks of a step is a fixed binary tree (node = left + right, elementwise; an absent leaf
/// is passed over), so its bits do not depend on how many members there are.
package protocol GradientExchange {
    /// This member's place, 0-based.
    var memberIndex: Int { get }
    /// The number of members.
    var memberCount: Int { get }
    /// The virtual ranks that this member computes.
    var virtualRanks: Range<Int> { get }

    /// Sums one leaf per owned virtual rank (nil = absent) over all members into `root`; returns the sums of `scalars`.
    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]],
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> [Double]

    /// Every member's bytes, in member order.
    func allGather(_ mine: [UInt8]) throws -> [[UInt8]]
}

package import Groundwork

/// How the members of a training run add their gradients and share results; the cluster supplies the real one.
///
/// The sum over the K virtual ranks of a step is a fixed binary tree (node = left + right, elementwise; an absent leaf
/// is passed over), so its bits do not depend on how many members there are. The sum over the leaves of a node may
/// stand for its first leaf, the others being absent.
package protocol GradientExchange {
    /// This member's place, 0-based.
    var memberIndex: Int { get }
    /// The number of members.
    var memberCount: Int { get }
    /// The virtual ranks that this member computes.
    var virtualRanks: Range<Int> { get }

    /// Tells that the elements from `offset` on are final in all leaves of the next sum, which goes to `root`: they may
    /// travel while the rest is computed. Offsets descend.
    func release(
        _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>) throws

    /// Sums one leaf per owned virtual rank (nil = absent) over all members into `root`, and `scalars`, lists of
    /// `scalarCount` numbers (empty for an absent rank).
    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> ReducedSum

    /// Every member's bytes, in member order.
    func allGather(_ mine: [UInt8]) throws -> [[UInt8]]

    /// Compares a digest of the state at `position` over all members; throws if they are not all equal.
    func agree(on digest: [UInt8], position: UInt64) throws
}

extension GradientExchange {
    /// A member alone agrees with itself.
    package func agree(on digest: [UInt8], position: UInt64) throws {}
}

extension GradientExchange {
    /// Waits for the whole.
    package func release(
        _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>
    ) throws {}
}

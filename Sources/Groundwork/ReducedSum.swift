/// What came of a sum over all members beside the vector itself.
package struct ReducedSum: Equatable, Sendable {
    /// The sums of the scalars.
    package let scalars: [Double]
    /// Where the vector may not be zero: ranges of elements, ascending and apart.
    package let touched: [Range<Int>]

    /// The sums of the scalars, and where the vector may not be zero.
    package init(scalars: [Double], touched: [Range<Int>]) {
        self.scalars = scalars
        self.touched = touched
    }
}

import Groundwork

/// A number that members add up.
protocol Summand: BitwiseCopyable, SendableMetatype {
    /// How a frame names it.
    static var dtype: UInt8 { get }
    static var zero: Self { get }
    /// Adds a part to `target`, element by element, in one fixed way.
    static func add(_ part: Part<Self>, to target: UnsafeMutableBufferPointer<Self>)
    /// A shorter form for sending, nil if there is none.
    static func encode(_ part: Part<Self>) -> Memory?
    /// Fills `values` from the shorter form and tells which elements may not be zero; nil if it does not fit.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Self>
    ) -> [Range<Int>]?
}

/// A vector, or one range of it, summed over some virtual ranks; zero outside `touched` (ascending, apart).
struct Part<Element: Summand> {
    let values: UnsafeMutableBufferPointer<Element>
    let touched: [Range<Int>]

    init(_ values: UnsafeMutableBufferPointer<Element>, touched: [Range<Int>]? = nil) {
        self.values = values
        self.touched = touched ?? [0..<values.count]
    }

    /// The elements of `range`, counted from its start.
    subscript(range: Range<Int>) -> Part {
        let clipped = touched.compactMap { one -> Range<Int>? in
            let common = one.clamped(to: range)
            return common.isEmpty
                ? nil : common.lowerBound - range.lowerBound..<common.upperBound - range.lowerBound
        }
        return Part(UnsafeMutableBufferPointer(rebasing: values[range]), touched: clipped)
    }

    /// Adds `right` to `left` in place.
    static func add(_ left: Part, _ right: Part) -> Part {
        Element.add(right, to: left.values)
        return Part(left.values, touched: TouchedFloats.union(left.touched, right.touched))
    }

    /// Leaves the sum in `target`; zeros for an absent one.
    ///
    /// `own` is one of the parts that went into the sum: if it lies in `target`, that is zero but for what was touched.
    static func store(
        _ sum: Part?, in target: UnsafeMutableBufferPointer<Element>, own: Part? = nil
    ) -> Part {
        guard let sum else {
            target.update(repeating: .zero)
            return Part(target, touched: [])
        }
        if let from = sum.values.baseAddress, let to = target.baseAddress, from != to {
            let isOwn = own?.values.baseAddress == to && own?.values.count == target.count
            for range in isOwn ? sum.touched : [0..<target.count] {
                (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
            }
        }
        return Part(target, touched: sum.touched)
    }
}

extension Float: Summand {
    static var dtype: UInt8 { 1 }

    static func add(_ part: Part<Float>, to target: UnsafeMutableBufferPointer<Float>) {
        TouchedFloats(part.values, touched: part.touched).add(to: target)
    }

    static func encode(_ part: Part<Float>) -> Memory? {
        SparseBlocks.encode(TouchedFloats(part.values, touched: part.touched))
    }

    static func decode(
        _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>
    ) -> [Range<Int>]? {
        SparseBlocks.decode(bytes, into: values)
    }
}

extension Double: Summand {
    static var dtype: UInt8 { 2 }

    static func add(_ part: Part<Double>, to target: UnsafeMutableBufferPointer<Double>) {
        for index in target.indices { target[index] += part.values[index] }
    }

    static func encode(_ part: Part<Double>) -> Memory? { nil }

    static func decode(
        _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Double>
    ) -> [Range<Int>]? { nil }
}

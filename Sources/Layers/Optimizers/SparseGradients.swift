import Groundwork
import Kernels

/// Gradients of which most are zero, handed to a rule so that only those that may be something else are fetched.
///
/// Zeros come from a small block that stays in the cache: of the 28 bytes that Adam moves per parameter, 4 are the gradient's.
final class SparseGradients {
    /// Zeros that are handed out at a time.
    private static let zeroCount = 4096
    /// Shorter gaps between touched elements are read as they are: a call costs as much.
    private static let smallestGap = 512

    private let zeros: UnsafeMutableBufferPointer<Float>

    init() {
        zeros = .allocate(capacity: Self.zeroCount)
        zeros.initialize(repeating: 0)
    }

    deinit { zeros.deallocate() }

    /// Calls `body` for consecutive pieces of `range` with pointers to their gradients; `touched` holds the elements that
    /// may not be zero, ascending and apart; nil: any may be.
    func forEachPiece(
        of range: Range<Int>, _ gradients: Floats, touched: [Range<Int>]?,
        _ body: (_ piece: Range<Int>, _ gradients: Floats) -> Void
    ) {
        guard let touched else { return body(range, gradients + range.lowerBound) }
        var start = range.lowerBound
        // What lies before it has been passed over; it may have begun already.
        var pending = range.lowerBound..<range.lowerBound
        for part in touched {
            let part = part.clamped(to: range)
            guard !part.isEmpty else { continue }
            if part.lowerBound - pending.upperBound < Self.smallestGap {
                pending = pending.lowerBound..<part.upperBound
            } else {
                start = pass(pending, from: start, gradients, body)
                pending = part
            }
        }
        start = pass(pending, from: start, gradients, body)
        passZeros(start..<range.upperBound, body)
    }

    /// Passes the zeros before `part` and the part itself; returns its end.
    private func pass(
        _ part: Range<Int>, from start: Int, _ gradients: Floats, _ body: (Range<Int>, Floats) -> Void
    ) -> Int {
        passZeros(start..<part.lowerBound, body)
        if !part.isEmpty { body(part, gradients + part.lowerBound) }
        return part.upperBound
    }

    private func passZeros(_ range: Range<Int>, _ body: (Range<Int>, Floats) -> Void) {
        guard let zeros = zeros.baseAddress else { return }
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + Self.zeroCount, range.upperBound)
            body(start..<end, zeros)
            start = end
        }
    }
}

import CKernels
package import Groundwork

extension Kernel {
    /// The first `count` words of `stream`, which has not been drawn from.
    package static func randomWords(
        _ stream: RandomStream, into words: UnsafeMutablePointer<UInt32>, count: Int
    ) {
        ck_random_words(key(stream), words, count)
    }

    /// y = x kept / (1 − p); element i is kept when the stream's i-th word is at least p 2³².
    package static func dropout(
        _ stream: RandomStream, probability: Float, _ x: Floats, into y: MutableFloats,
        kept: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        ck_dropout(key(stream), probability, x, y, kept, count)
    }

    /// dx = dy kept · factor.
    package static func dropoutPullback(
        factor: Float, kept: UnsafePointer<UInt8>, dy: Floats, dx: MutableFloats, count: Int, add: Bool
    ) {
        ck_dropout_backward(factor, kept, dy, dx, count, add ? 1 : 0)
    }

    private static func key(_ stream: RandomStream) -> ck_random {
        ck_random(
            key0: stream.key.0, key1: stream.key.1, step: stream.position.0, rank: stream.position.1,
            layer: stream.position.2)
    }
}

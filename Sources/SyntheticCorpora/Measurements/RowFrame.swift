/// What all rows of a specimen share: the text before, between and behind the cells of the value.
final class RowFrame {
    /// A short text that is made anew for every specimen.
    final class Part {
        private let start = UnsafeMutablePointer<UInt8>.allocate(capacity: 1024)
        private var count = 0

        deinit { start.deallocate() }

        /// Sets the text, at most 1024 bytes.
        func set(_ body: (inout TextCursor) -> Void) {
            var cursor = TextCursor(next: start)
            body(&cursor)
            count = cursor.next - start
        }

        /// The text, until it is set again.
        var text: UnsafeBufferPointer<UInt8> { .init(start: start, count: count) }
    }

    let a = Part()
    let b = Part()
    let c = Part()
}

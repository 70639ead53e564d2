/// Rows that wait to be written, in the order in which they were read: per row the patient's symbol, the time in two
/// words, one symbol per attribute; and its patient range.
///
/// One buffer for all ranges, so that memory does not depend on how many there are.
final class RunBuffer {
    /// Words per row.
    let stride: Int
    private(set) var words: [UInt32] = []
    private var ranges: [UInt32] = []

    init(attributes: Int) { stride = attributes + 3 }

    /// The number of rows.
    var rowCount: Int { ranges.count }
    /// Bytes of all rows.
    var byteCount: Int { (words.count + ranges.count) * 4 }

    @inline(__always)
    func append(range: Int, patient: UInt32, time: Int64, attributes: UnsafeBufferPointer<UInt32>) {
        ranges.append(UInt32(range))
        words.append(patient)
        let bits = UInt64(bitPattern: time)
        words.append(UInt32(truncatingIfNeeded: bits))
        words.append(UInt32(truncatingIfNeeded: bits >> 32))
        words.append(contentsOf: attributes)
    }

    func clear() {
        words.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
    }

    /// Row numbers grouped by range, in order inside each, and where every range of `count` begins (one more at the
    /// end): a counting sort.
    func grouped(by count: Int) -> (rows: [UInt32], starts: [Int]) {
        var starts = [Int](repeating: 0, count: count + 1)
        for range in ranges { starts[Int(range) + 1] += 1 }
        for range in 0..<count { starts[range + 1] += starts[range] }
        var next = starts
        var rows = [UInt32](repeating: 0, count: ranges.count)
        for (row, range) in ranges.enumerated() {
            rows[next[Int(range)]] = UInt32(row)
            next[Int(range)] += 1
        }
        return (rows, starts)
    }
}

/// Rows of one patient range that wait to be written: per row the patient's symbol, the time in two words, one symbol per
/// attribute.
final class RangeBuffer {
    private(set) var words: [UInt32] = []
    let stride: Int

    init(attributes: Int) { stride = attributes + 3 }

    var rowCount: Int { words.count / stride }

    @inline(__always)
    func append(patient: UInt32, time: Int64, attributes: UnsafeBufferPointer<UInt32>) {
        words.append(patient)
        let bits = UInt64(bitPattern: time)
        words.append(UInt32(truncatingIfNeeded: bits))
        words.append(UInt32(truncatingIfNeeded: bits >> 32))
        words.append(contentsOf: attributes)
    }

    func clear() { words.removeAll(keepingCapacity: true) }
}

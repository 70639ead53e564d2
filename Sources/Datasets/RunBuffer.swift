import ClinicalData

/// Rows that wait to be written, in the order in which they were read: per row the patient's symbol and range, the time, and
/// one symbol per attribute, column by column.
///
/// One buffer for all ranges, so that memory does not depend on how many there are.
final class RunBuffer {
    private(set) var patients: [UInt32] = []
    private(set) var times: [Int64] = []
    private(set) var columns: [[UInt32]]
    private var ranges: [UInt32] = []

    init(attributes: Int) { columns = Array(repeating: [], count: attributes) }

    /// The number of rows.
    var rowCount: Int { patients.count }
    /// Bytes of all rows.
    var byteCount: Int { patients.count * (16 + 4 * columns.count) }

    /// Adds rows with their patients and ranges; times and attributes of these rows must follow.
    func append(patients: [UInt32], ranges: [UInt32]) {
        self.patients += patients
        self.ranges += ranges
    }

    /// Adds the times of the rows added last.
    func append(times: [Int64]) { self.times += times }

    /// Adds the values of one attribute of the rows added last.
    func append(_ values: [UInt32], column: Int) { columns[column] += values }

    func clear() {
        patients.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        for column in columns.indices { columns[column].removeAll(keepingCapacity: true) }
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

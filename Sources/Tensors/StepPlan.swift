/// The order in which a recurrent layer visits the steps of a ragged batch: time by time, at each time the samples that
/// still have a step, longest first.
///
/// "Packed" rows are in this order; the samples active at time t are the first ones of those active at t − 1.
struct StepPlan {
    /// For every packed row, the row in the batch.
    let rows: [Int32]
    /// For every packed row, the sample whose last step it is, else −1.
    let ends: [Int32]
    /// For every time, the first packed row; one entry more than there are times.
    let starts: [Int]

    /// The plan for `segments`; reversed, time 0 is each sample's last step.
    init(_ segments: Segments, reversed: Bool) {
        let lengths = (0..<segments.count).map { segments[$0].count }
        let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
        var rows: [Int32] = []
        rows.reserveCapacity(segments.total)
        var ends: [Int32] = []
        ends.reserveCapacity(segments.total)
        var starts = [0]
        var active = order.count
        for time in 0..<(order.first.map { lengths[$0] } ?? 0) {
            while lengths[order[active - 1]] <= time { active -= 1 }
            for sample in order[..<active] {
                let range = segments[sample]
                rows.append(Int32(reversed ? range.upperBound - 1 - time : range.lowerBound + time))
                ends.append(lengths[sample] == time + 1 ? Int32(sample) : -1)
            }
            starts.append(rows.count)
        }
        self.rows = rows
        self.ends = ends
        self.starts = starts
    }

    /// The number of times: the longest sample's steps.
    var times: Int { starts.count - 1 }
    /// The number of samples with a step at `time`; 0 behind the end.
    func active(_ time: Int) -> Int { time < times ? starts[time + 1] - starts[time] : 0 }

    /// Consecutive times, together at most ``blockRows`` packed rows, but at least one time.
    var blocks: [Range<Int>] {
        var blocks: [Range<Int>] = []
        var first = 0
        for time in 0..<times where time + 1 == times || starts[time + 2] - starts[first] > Self.blockRows {
            blocks.append(first..<time + 1)
            first = time + 1
        }
        return blocks
    }

    /// The packed rows of consecutive times.
    func packedRows(of times: Range<Int>) -> Range<Int> {
        starts[times.lowerBound]..<starts[times.upperBound]
    }

    /// Rows that are worked on together, so that they stay in the second-level cache; the depth of a product's blocks.
    private static let blockRows = 192
}

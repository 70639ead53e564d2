import ClusterProtocol
import Groundwork

/// Which worker computed for which stage, from when to when; bounded, whatever the length of the run.
///
/// Pauses shorter than ``resolution`` are not told; when there are too many spans, the resolution is doubled.
struct WorkTimeline {
    /// Spans kept at most, beside those that are under way.
    static let mostSpans = 5000
    /// Workers that are told apart at most.
    static let mostWorkers = 2048

    /// Pauses of one worker within a stage that are closed (seconds).
    private(set) var resolution: Double
    private var finished: [WireWorkerSpan]
    private var current: [Instance: WireWorkerSpan] = [:]

    /// A timeline that goes on where an earlier coordinator's ended.
    init(after earlier: [WireWorkerSpan] = [], resolution: Double = 0.5) {
        finished = earlier
        self.resolution = resolution
    }

    /// A worker computes for `stage` at `time` (seconds since 1970), or for none.
    mutating func note(_ instance: Instance, host: String, pid: UInt32, stage: String?, at time: Double) {
        if var span = current[instance] {
            span.end = max(span.end, time)
            current[instance] = span
            guard span.stage != stage else { return }
            close(instance)
        }
        guard let stage, current.count < Self.mostWorkers else { return }
        var span = WireWorkerSpan()
        span.worker = instanceName(instance)
        span.host = host
        span.pid = pid
        span.stage = stage
        (span.start, span.end) = (time, time)
        current[instance] = span
    }

    /// A worker was given up.
    mutating func lose(_ instance: Instance, at time: Double) {
        guard current[instance] != nil else { return }
        current[instance]?.end = time
        current[instance]?.lost = true
        close(instance)
    }

    /// All spans in the order of their beginnings.
    var spans: [WireWorkerSpan] {
        (finished + current.values).sorted { ($0.start, $0.worker) < ($1.start, $1.worker) }
    }

    private mutating func close(_ instance: Instance) {
        guard let span = current.removeValue(forKey: instance) else { return }
        if let last = finished.lastIndex(where: { $0.worker == span.worker }), isPause(finished[last], span) {
            finished[last].end = span.end
            finished[last].lost = span.lost
        } else {
            finished.append(span)
        }
        while finished.count > Self.mostSpans { coarsen() }
    }

    private func isPause(_ first: WireWorkerSpan, _ second: WireWorkerSpan) -> Bool {
        first.stage == second.stage && !first.lost && second.start - first.end <= resolution
    }

    private mutating func coarsen() {
        resolution *= 2
        var kept: [WireWorkerSpan] = []
        var last: [String: Int] = [:]
        for span in finished {
            if let place = last[span.worker], isPause(kept[place], span) {
                kept[place].end = span.end
                kept[place].lost = span.lost
            } else {
                last[span.worker] = kept.count
                kept.append(span)
            }
        }
        // A run of so many workers and stages that no pause is left to close loses its oldest spans.
        if kept.count == finished.count { kept.removeFirst(kept.count / 2) }
        finished = kept
    }
}

import Groundwork
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

/// The timeline tells what workers did, and stays small however long the run.
struct WorkTimelineTests {
    @Test func shortPausesAreClosedAndStagesAreToldApart() {
        var timeline = WorkTimeline()
        for (time, stage) in [
            (0.0, "scan"), (1, nil), (1.2, "scan"), (2, nil), (5, "scan"), (6, "train"), (9, nil),
        ] {
            timeline.note(1, host: "h", pid: 7, stage: stage, at: time)
        }
        let told = timeline.spans.map { "\($0.stage) \($0.start) \($0.end)" }
        #expect(told == ["scan 0.0 2.0", "scan 5.0 6.0", "train 6.0 9.0"])
    }

    @Test func aLostWorkerIsMarkedAndItsWorkEndsThere() {
        var timeline = WorkTimeline()
        timeline.note(1, host: "h", pid: 7, stage: "train", at: 0)
        timeline.note(2, host: "h", pid: 8, stage: "train", at: 0)
        timeline.lose(1, at: 3)
        timeline.note(2, host: "h", pid: 8, stage: nil, at: 4)
        #expect(timeline.spans.map(\.lost) == [true, false])
        #expect(timeline.spans.map(\.end) == [3, 4])
    }

    @Test func neverHoldsMoreThanItsLimit() {
        for seed in UInt64(1)...5 {
            var random = RandomStream(seed: seed, purpose: .test)
            var timeline = WorkTimeline()
            var time = 0.0
            var busy = 0.0
            for _ in 0..<30_000 {
                let instance = Instance(1 + random.nextInt(below: 4))
                let stage = ["scan", "events", nil][random.nextInt(below: 3)]
                timeline.note(instance, host: "h", pid: instance, stage: stage, at: time)
                let step = random.nextDouble() * 2
                time += step
                busy += step
            }
            let spans = timeline.spans
            #expect(spans.count <= WorkTimeline.mostSpans + 4, "seed \(seed)")
            #expect(spans.allSatisfy { $0.start <= $0.end && $0.end <= busy }, "seed \(seed)")
            for (_, list) in Dictionary(grouping: spans, by: \.worker) {
                #expect(zip(list, list.dropFirst()).allSatisfy { $0.end <= $1.start }, "seed \(seed)")
            }
        }
    }
}

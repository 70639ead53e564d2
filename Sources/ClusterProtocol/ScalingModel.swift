/// How long a training step takes on many workers, by the α-β model; assumptions in docs/scaling.md.
package struct ScalingModel: Sendable {
    /// Bytes of the gradient.
    package var gradientBytes: Double
    /// Seconds that one worker computes per step.
    package var stepSeconds: Double
    /// Part of a leaf's computation that is the way back.
    package var backwardShare = 2.0 / 3
    /// Seconds per message in sequence.
    package var latency: Double
    /// Bytes per second that a worker sends while it receives as many.
    package var bandwidth: Double
    /// Bytes per second at which a worker adds up, encodes and checks what it receives.
    package var processing = 4e9
    /// Bytes of a bucket.
    package var bucketBytes = 4.0 * 1_048_576

    /// A model with the other figures as assumed.
    package init(gradientBytes: Double, stepSeconds: Double, latency: Double, bandwidth: Double) {
        self.gradientBytes = gradientBytes
        self.stepSeconds = stepSeconds
        self.latency = latency
        self.bandwidth = bandwidth
    }

    /// Messages one after the other in one sum of `workers` members.
    package static func phases(_ route: CollectiveRoute, workers: Int) -> Int {
        switch route {
        case .swap: workers - 1
        case .direct, .leadersDirect: 2 * (workers - 1)
        case .halving, .leadersHalving: 2 * (Int.bitWidth - (workers - 1).leadingZeroBitCount)
        }
    }

    /// T = phases·α + 2(N − 1)/N·m/β (+ m/γ for adding up): seconds of one sum of `bytes` without anything beside it.
    package func exchange(_ bytes: Double, workers: Int, route: CollectiveRoute) -> Double {
        guard workers > 1 else { return 0 }
        let volume = 2 * Double(workers - 1) / Double(workers) * bytes
        return Double(Self.phases(route, workers: workers)) * latency + volume / bandwidth
            + bytes / processing
    }

    /// Seconds of a step in which buckets leave during the last of a worker's `leaves` ways back.
    package func step(workers: Int, leaves: Int, route: CollectiveRoute) -> Double {
        let count = max(1, (gradientBytes / bucketBytes).rounded(.up))
        let bucket = exchange(gradientBytes / count, workers: workers, route: route)
        let window = stepSeconds / Double(leaves) * backwardShare
        var end = 0.0
        for number in 1...Int(count) {
            let ready = stepSeconds - window * (1 - Double(number) / count)
            end = max(end, ready) + bucket
        }
        return workers > 1 ? end : stepSeconds
    }

    /// The part of `workers` times one worker's speed that is left.
    package func efficiency(workers: Int, leaves: Int, route: CollectiveRoute) -> Double {
        stepSeconds / step(workers: workers, leaves: leaves, route: route)
    }
}

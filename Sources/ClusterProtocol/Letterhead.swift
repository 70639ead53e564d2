/// What stands above every message that a process writes: the version, who built it, the job, and the message's number.
package struct Letterhead: Sendable {
    private let build: String
    /// The job's digest; empty until a worker has heard of it.
    package var job: String
    private var count: UInt64 = 0

    /// For messages of this build of the program.
    package init(build: String, job: String = "") {
        (self.build, self.job) = (build, job)
    }

    /// The next message; `instance` is the worker that writes it or is written to, 0 for neither.
    package mutating func envelope(
        _ body: MessageBody, epoch: UInt64 = 0, instance: Instance = 0
    ) -> WireEnvelope {
        var envelope = WireEnvelope()
        envelope.protocol = ClusterVersion.messages
        envelope.build = build
        envelope.job = job
        envelope.epoch = epoch
        envelope.instance = instance
        envelope.seq = count
        envelope.body = body
        count += 1
        return envelope
    }
}

import Foundation
import Groundwork

/// Workers that come: what they must have in common with the coordinator.
extension CoordinatorMachine {
    mutating func greet(
        _ hello: WireHello, _ envelope: WireEnvelope, now: Seconds
    ) -> [CoordinatorDirective] {
        let instance = envelope.instance
        if let (reject, theirs, ours) = objection(to: hello, envelope) {
            let event = ClusterEvent.workerRejected(
                instance: instance, pid: hello.pid, host: hello.host, code: reject.failure.code,
                theirs: theirs, ours: ours)
            return [.send(to: instance, .reject(reject)), .report(event)]
        }
        if let question = questionAboutToken(hello) { return [.send(to: instance, .identify(question))] }
        let isNew = workers.join(instance, hello, now: now)
        var welcome = WireWelcome()
        welcome.runDirectory = configuration.runDirectory
        welcome.heartbeatMilliseconds = 1000
        welcome.durable = configuration.isDurable
        var directives: [CoordinatorDirective] = [.send(to: instance, .welcome(welcome))]
        if isNew {
            directives.append(
                .report(
                    .workerJoined(
                        instance: instance, pid: hello.pid, host: hello.host, cores: hello.cores)))
        }
        if let isShuttingDown { return directives + [.send(to: instance, .shutdown(isShuttingDown))] }
        directives += reconcile(hello.held, of: instance, now: now)
        directives +=
            training?.join(
                instance, endpoint: hello.dataEndpoint, key: hello.dataKey, host: hello.host, now: now) ?? []
        return directives + assign(now: now)
    }

    /// Why a worker cannot take part, with the two values that should be equal.
    private func objection(
        to hello: WireHello, _ envelope: WireEnvelope
    ) -> (reject: WireReject, theirs: String, ours: String)? {
        let who = "The worker on \(hello.host) (process \(hello.pid))"
        if envelope.protocol != ClusterVersion.messages || envelope.build != configuration.build {
            let (theirs, ours) = (
                "\(envelope.build) (messages \(envelope.protocol))",
                "\(configuration.build) (messages \(ClusterVersion.messages))"
            )
            let message =
                "\(who) is of another version: it is build \(theirs), the coordinator\(onHost) is build \(ours). "
                + "Install the same version."
            return (rejection("other-version", message, 78), theirs, ours)
        }
        if hello.fingerprint != configuration.fingerprint {
            let message =
                "\(who) computes other bits: its numeric fingerprint is \(hello.fingerprint), that of the coordinator"
                + "\(onHost) is \(configuration.fingerprint). Use machines of one CPU type, or set OPENBLAS_CORETYPE to "
                + "the same value everywhere."
            return (
                rejection("other-numerics", message, 78), hello.fingerprint, configuration.fingerprint
            )
        }
        if !envelope.job.isEmpty, envelope.job != configuration.job {
            let message = "\(who) belongs to another job."
            return (
                rejection("other-job", message, 75), String(envelope.job.prefix(12)),
                String(configuration.job.prefix(12))
            )
        }
        if barred.contains("\(hello.host) \(hello.pid)") { return (Self.expulsion, "", "") }
        if workers.isLost(envelope.instance) {
            var reject = rejection("lost", "This worker was given up after a silence.", 75)
            reject.mayReturn = true
            return (reject, "", "")
        }
        return objectionToToken(hello, who)
    }

    // MARK: The shared directory

    /// Asks a worker that has not looked yet, or looked before this coordinator began, for the run directory's token.
    private func questionAboutToken(_ hello: WireHello) -> WireIdentify? {
        guard configuration.token != nil, hello.token.epoch != configuration.epoch else { return nil }
        var question = WireIdentify()
        question.runDirectory = configuration.runDirectory
        return question
    }

    private func objectionToToken(
        _ hello: WireHello, _ who: String
    ) -> (reject: WireReject, theirs: String, ours: String)? {
        guard let token = configuration.token else { return nil }
        let isOther = hello.token.epoch == configuration.epoch && hello.token.digest != token
        guard isOther || !hello.token.fault.isEmpty else { return nil }
        let finding = hello.token.fault.isEmpty ? "another run's token" : hello.token.fault
        let message =
            "\(who) does not see the run directory: the coordinator\(onHost) writes to "
            + "\"\(configuration.runDirectory)\", the worker looks at \"\(hello.token.path)\" and finds \(finding). "
            + "Use a disk that both machines see, and give the worker its path there with --output."
        return (
            rejection("not-shared", message, 78), "\(hello.host):\(hello.token.path)",
            "\(configuration.host):\(configuration.runDirectory)"
        )
    }

    private var onHost: String { configuration.host.isEmpty ? "" : " on \(configuration.host)" }

    private func rejection(_ name: String, _ message: String, _ status: Int32) -> WireReject {
        var reject = WireReject()
        reject.failure = WireFailure(
            code: "cluster.\(name)", message: message, exitStatus: status, deterministic: status == 78)
        return reject
    }

    // MARK: Barring

    /// Gives up a worker that did what none does.
    mutating func bar(_ instance: Instance, _ reason: String, now: Seconds) -> [CoordinatorDirective] {
        if shunned.count < Self.mostBarred { shunned.insert(instance) }
        return [
            .report(.peerBarred(instance: instance, reason: reason)),
            .send(to: instance, .reject(barredReject)),
        ] + lose(instance, .barred(reason), now: now)
    }

    var barredReject: WireReject {
        rejection(
            "barred",
            "This worker was barred: it sent what no worker sends. See peer-barred in the coordinator's log.jsonl.",
            ExitStatus.notPermitted.rawValue)
    }
}

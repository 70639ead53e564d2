/// Messages to members, and the sentences with which a training ends.
extension TrainingGenerations {
    func isCurrent(_ training: String, _ generation: UInt64) -> Bool {
        training == spec.folder && generation == self.generation
    }

    var openMessage: WireTrainingOpen {
        var message = WireTrainingOpen()
        message.stage = spec.stage
        message.stageName = spec.stageName
        message.payload = spec.payload
        message.virtualRanks = UInt32(spec.virtualRanks)
        message.folder = spec.folder
        message.round = round
        return message
    }

    var prepareMessage: WirePrepare {
        var message = WirePrepare()
        message.training = spec.folder
        message.generation = generation
        return message
    }

    var goMessage: WireGo {
        var message = WireGo()
        message.training = spec.folder
        message.generation = generation
        return message
    }

    var closeMessage: WireTrainingClose {
        var message = WireTrainingClose()
        message.training = spec.folder
        return message
    }

    /// What all members are told of each other; made once per generation, since it grows with their number.
    func makePlan() -> WirePlan {
        var message = WirePlan()
        message.training = spec.folder
        message.generation = generation
        message.position = target.position
        message.digest = target.digest
        message.behind = behind.map { UInt32($0) }
        let known = Dictionary(candidates.map { ($0.instance, $0) }) { first, _ in first }
        let places = members.map { known[$0] }
        var firsts: [String?: Int] = [:]
        for (place, candidate) in places.enumerated() where firsts[candidate?.host] == nil {
            firsts[candidate?.host] = place
        }
        let hosts = places.map { firsts[$0?.host] ?? 0 }
        message.route = CollectiveRoute.choose(spec.route, ranges: ranges, hosts: hosts).rawValue
        message.bucketBytes = UInt32(clamping: spec.bucketBytes)
        message.members = members.indices.map { place in
            var member = WireMember()
            member.instance = members[place]
            member.dataEndpoint = places[place]?.endpoint ?? ""
            member.dataKey = places[place]?.key ?? ""
            member.host = UInt32(hosts[place])
            member.firstVirtualRank = UInt32(ranges[place].lowerBound)
            member.virtualRanks = UInt32(ranges[place].count)
            return member
        }
        return message
    }

    func planMessage(for index: Int) -> WirePlan {
        var message = commonPlan
        message.index = UInt32(index)
        return message
    }

    // MARK: Giving up

    func diverged(_ a: Instance, _ b: Instance, _ position: UInt64) -> WireFailure {
        WireFailure(
            code: "cluster.state-diverged",
            message:
                "Stage \"\(spec.stageName)\": workers \(instanceName(a)) and \(instanceName(b)) hold different "
                + "states at position \(position), and there is no majority. Expected equal bits. Check memory and CPU "
                + "of both machines; the same command goes on from the last checkpoint on which all agreed.",
            exitStatus: 70, deterministic: true)
    }

    func tooFew(_ ready: Int) -> WireFailure {
        WireFailure(
            code: "cluster.too-few-workers",
            message:
                "Stage \"\(spec.stageName)\": training was paused for \(Int(spec.pauseLimit)) s with \(ready) of at "
                + "least \(spec.quorum) workers (--min-workers). Start more workers and give the same command again.",
            exitStatus: 75)
    }

    func apart(_ members: [String]) -> WireFailure {
        WireFailure(
            code: "cluster.members-apart",
            message:
                "Stage \"\(spec.stageName)\": for \(Int(Self.mostApart)) s the workers on \(members.joined(separator: ", ")) waited for "
                + "each other at position \(position). Open these ports between the machines (--data-address fixes them) and give "
                + "the same command again.",
            exitStatus: 69)
    }

    func crashed(_ cause: LossCause) -> WireFailure {
        WireFailure(
            code: "cluster.training-crashes",
            message:
                "Stage \"\(spec.stageName)\": \(losses) times workers were lost at position \(position) without "
                + "progress; the last one \(cause.text). See log.jsonl in the run directory; if memory ran out, lower "
                + "batch_size or start fewer workers.",
            exitStatus: 70)
    }
}

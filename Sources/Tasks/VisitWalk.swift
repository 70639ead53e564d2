import ClinicalData

/// What becomes of a visit in a task with one sample per visit.
enum VisitOutcome {
    /// A sample with these values, inputs and then the label.
    case sample([FieldValue])
    /// No sample, by the named rule.
    case excluded(String)
}

extension Attrition {
    /// Counts a patient with his admissions, in time order; nil, and he is taken out, if they are fewer than `minimum`.
    mutating func enter(_ patient: Patient, atLeast minimum: Int = 1) -> Events? {
        let admissions = patient.events("admissions")
        enter(visits: admissions.count)
        if admissions.count >= minimum { return admissions }
        let rule = minimum == 1 ? ExclusionRule.noVisit : ExclusionRule.fewerThanTwoVisits
        exclude(rule, patients: 1, visits: admissions.count)
        return nil
    }

    /// Takes out a patient who was entered, with those of his visits that are not yet accounted for; gives no samples.
    mutating func leaveOut(_ rule: String, visits: Int) -> [Sample] {
        exclude(rule, patients: 1, visits: visits)
        return []
    }

    /// One sample per visit that `outcome` does not exclude.
    mutating func samples(
        of patient: Patient, _ visits: Events, _ outcome: (_ visit: Event) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        try samplesWithNext(of: patient, visits) { visit, _ in try outcome(visit) }
    }

    /// One sample per visit but the last that `outcome`, which is given the next visit too, does not exclude.
    mutating func samplesBeforeNext(
        of patient: Patient, _ visits: Events,
        _ outcome: (_ visit: Event, _ next: Event) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        try samplesWithNext(of: patient, visits) { visit, next in
            try next.map { try outcome(visit, $0) } ?? .excluded(ExclusionRule.lastVisit)
        }
    }

    /// One sample per visit that `outcome`, which is given the next visit too where there is one, does not exclude.
    mutating func samplesWithNext(
        of patient: Patient, _ visits: Events,
        _ outcome: (_ visit: Event, _ next: Event?) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        var samples: [Sample] = []
        for row in visits.indices {
            let visit = visits[row]
            switch try outcome(visit, row + 1 < visits.endIndex ? visits[row + 1] : nil) {
            case .excluded(let rule): exclude(rule, visits: 1)
            case .sample(let values):
                if case .integer(let label)? = values.last { emit(label: label) } else { emit() }
                let id = visit.symbol("hadm_id")
                samples.append(Sample(patientID: patient.id, visitID: id, values: values))
            }
        }
        close(samples: samples.count, rule: ExclusionRule.noVisitLeft)
        return samples
    }
}

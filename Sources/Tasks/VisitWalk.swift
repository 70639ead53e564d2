import ClinicalData

/// What becomes of a visit in a task with one sample per visit.
enum VisitOutcome {
    /// A sample with these values, inputs and then the label. A class of a text is counted as `label`, a class of a whole
    /// number that is the last value by itself.
    case sample([FieldValue], label: String? = nil)
    /// No sample, by the named rule.
    case excluded(String)
}

extension Attrition {
    /// Counts a patient with his visits (the rows of `table`), in time order; nil, and he is taken out, if they are fewer than
    /// `minimum`.
    mutating func enter(_ patient: Patient, _ table: String = "admissions", atLeast minimum: Int = 1)
        -> Events?
    {
        let visits = patient.events(table)
        return enter(visits, atLeast: minimum) ? visits : nil
    }

    /// Counts a patient with his visits, stays or labels; false, and he is taken out, if they are fewer than `minimum`.
    mutating func enter(_ visits: some Collection, atLeast minimum: Int = 1) -> Bool {
        enter(visits: visits.count)
        if visits.count >= minimum { return true }
        let rule = minimum == 1 ? ExclusionRule.noVisit : ExclusionRule.fewerThanTwoVisits
        exclude(rule, patients: 1, visits: visits.count)
        return false
    }

    /// Takes out a patient who was entered, with those of his visits that are not yet accounted for; gives no samples.
    mutating func leaveOut(_ rule: String, visits: Int) -> [Sample] {
        exclude(rule, patients: 1, visits: visits)
        return []
    }

    /// One sample per visit that `outcome` does not exclude; `id` is the attribute that names the visit.
    mutating func samples(
        of patient: Patient, _ visits: some Collection<Event>, id: String? = "hadm_id",
        _ outcome: (_ visit: Event) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        try samples(of: patient, visits, id: { visit in id.flatMap { visit.symbol($0) } }, outcome)
    }

    /// One sample per visit but the last that `outcome`, which is given the next visit too, does not exclude.
    mutating func samplesBeforeNext(
        of patient: Patient, _ visits: some Collection<Event>, id: String = "hadm_id",
        _ outcome: (_ visit: Event, _ next: Event) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        try samplesWithNext(of: patient, visits, id: id) { visit, next in
            try next.map { try outcome(visit, $0) } ?? .excluded(ExclusionRule.lastVisit)
        }
    }

    /// One sample per visit that `outcome`, which is given the next visit too where there is one, does not exclude.
    mutating func samplesWithNext(
        of patient: Patient, _ visits: some Collection<Event>, id: String = "hadm_id",
        _ outcome: (_ visit: Event, _ next: Event?) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        try samples(of: patient, visits.indices, id: { visits[$0].symbol(id) }) { place in
            let next = visits.index(after: place)
            return try outcome(visits[place], next == visits.endIndex ? nil : visits[next])
        }
    }

    /// One sample per unit (visit, stay, label) that `outcome` does not exclude.
    mutating func samples<Unit>(
        of patient: Patient, _ units: some Collection<Unit>, id: (Unit) -> Symbol?,
        _ outcome: (Unit) throws -> VisitOutcome
    ) rethrows -> [Sample] {
        var samples: [Sample] = []
        for unit in units {
            switch try outcome(unit) {
            case .excluded(let rule): exclude(rule, visits: 1)
            case .sample(let values, let label):
                if case .integer(let number)? = values.last { emit(label: number) } else { emit(text: label) }
                samples.append(Sample(patientID: patient.id, visitID: id(unit), values: values))
            }
        }
        close(samples: samples.count, rule: ExclusionRule.noVisitLeft)
        return samples
    }
}

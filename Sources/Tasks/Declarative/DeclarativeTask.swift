package import ClinicalData
import Groundwork

/// A task that a YAML file declares: which events start a sample, what is observed, who is in the cohort, what is predicted.
///
/// Every trigger counts as a visit. It becomes a sample unless a rule takes it out: those of the file in its order, between
/// the fixed ones of ``exclusionRules``. Concepts after ACES (Xu et al. 2024, "ACES: Automatic Cohort Extraction System for
/// Event-Stream Datasets") and the MEDS label schema. The format is described in `docs/declarative-tasks.md`.
package struct DeclarativeTask: ClinicalTask {
    package let name: String
    package let datasets: [String]
    package let inputSchema: [FieldSchema]
    package let outputSchema: [FieldSchema]
    package let requirements: [TableRequirement]
    package let exclusionRules: [String]

    let trigger: DeclarativeTrigger
    let rules: [CohortRule]
    let features: [DeclarativeFeature]
    let label: DeclarativeLabel
    let outcome: TimeWindow?
    private let selectors: [EventSelector]

    /// Names of the rules that every declarative task has.
    enum Rule {
        static let noTrigger = "patient without a trigger"
        static let notChosen = "trigger that is not the first or last"
        static let noTime = "time of the prediction or of a window missing"
        static let noLabel = "label cannot be told"
        static let noSample = "patient with no sample left"
        static let all = [noTrigger, notChosen, noTime, noLabel, noSample]
    }

    init(_ file: DeclarativeTaskFile) {
        (name, datasets) = (file.name, file.datasets)
        (trigger, rules, features) = (file.trigger, file.rules, file.features)
        (label, outcome) = (file.label, file.outcome)
        (requirements, selectors) = (file.reader.requirements, file.reader.selectors)
        inputSchema = features.map(\.field)
        outputSchema = [label.field]
        exclusionRules =
            [Rule.noTrigger] + (trigger.which == .each ? [] : [Rule.notChosen]) + rules.map(\.name)
            + [Rule.noTime] + features.filter(\.isRequired).map(\.rule) + [Rule.noLabel, Rule.noSample]
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        var record = PatientRecord(patient, trigger)
        attrition.enter(visits: record.triggers.count)
        guard !record.triggers.isEmpty else {
            attrition.exclude(Rule.noTrigger, patients: 1)
            return []
        }
        try record.open(selectors, tables: requirements.map(\.table))
        var samples: [Sample] = []
        for place in record.triggers.indices {
            let scene = try Scene(record.triggers[place], trigger, record)
            switch try outcome(at: place, scene, record) {
            case .sample(let values, _):
                let visit = trigger.id.flatMap { scene.trigger.symbol($0) }
                samples.append(Sample(patientID: patient.id, visitID: visit, values: values))
                if case .integer(let label)? = values.last {
                    attrition.emit(label: label)
                } else {
                    attrition.emit()
                }
                if features.contains(where: { $0.isLate(scene, record) }) { attrition.count(lateInputs: 1) }
            case .excluded(let rule): attrition.exclude(rule, visits: 1)
            }
        }
        attrition.close(samples: samples.count, rule: Rule.noSample)
        return samples
    }

    /// What becomes of the trigger at `place`: the rules in order, then its inputs and label.
    private func outcome(at place: Int, _ scene: Scene, _ record: PatientRecord) throws -> VisitOutcome {
        let triggers = record.triggers
        let chosen = trigger.which == .first ? 0 : triggers.count - 1
        if trigger.which != .each, place != chosen { return .excluded(Rule.notChosen) }
        if let rule = try rules.first(where: { try $0.takesOut(scene, record) }) {
            return .excluded(rule.name)
        }
        let found = features.map { $0.value(scene, record) }
        let inputs = found.compactMap { $0 }
        guard inputs.count == found.count, label.hasTimes(scene, outcome) else {
            return .excluded(Rule.noTime)
        }
        for (feature, value) in zip(features, inputs) where feature.isRequired {
            if DeclarativeFeature.isEmpty(value) { return .excluded(feature.rule) }
        }
        let next = place + 1 < triggers.count ? triggers[place + 1] : nil
        guard let label = label.value(scene, next: next, outcome, record) else {
            return .excluded(Rule.noLabel)
        }
        return .sample(inputs + [label])
    }
}

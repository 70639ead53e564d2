import ClinicalData

/// A patient's visits as drug recommendation sees them: what was found and given up to a visit, and what to give at it.
///
/// Of the visits that have all three kinds of codes, the i-th gives conditions and procedures of visits 0…i, the drugs of visit
/// i as labels, and as history the drugs of visits 0…i−1 followed by an empty list for visit i.
struct DrugHistory {
    /// Input fields.
    static let inputSchema = ["conditions", "procedures", "drugs_hist"].map {
        FieldSchema($0, "nested_sequence")
    }
    /// The label's field.
    static let outputSchema = [FieldSchema("drugs", "multilabel")]
    /// The rules of ``samples(of:_:id:attrition:lists:)``.
    static let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.missingCodes, ExclusionRule.fewerThanTwoLeft,
    ]

    private struct Visit {
        let id: Symbol?
        let lists: [[Symbol?]]
    }

    /// The samples of a patient with `visits`; `lists` gives a visit's conditions, procedures and drugs, `id` is the
    /// attribute that names a visit. Patients with fewer than two visits, or fewer than two left, give none.
    static func samples(
        of patient: Patient, _ visits: Events, id: String, attrition: inout Attrition,
        lists: (_ visit: Event) throws -> [[Symbol?]]
    ) rethrows -> [Sample] {
        guard attrition.enter(visits, atLeast: 2) else { return [] }
        let kept = try visits.map { Visit(id: $0.symbol(id), lists: try lists($0)) }.filter { visit in
            !visit.lists.contains(where: \.isEmpty)
        }
        attrition.exclude(ExclusionRule.missingCodes, visits: visits.count - kept.count)
        guard kept.count >= 2 else {
            return attrition.leaveOut(ExclusionRule.fewerThanTwoLeft, visits: kept.count)
        }
        for _ in kept { attrition.emit() }
        attrition.close(samples: kept.count, rule: ExclusionRule.fewerThanTwoLeft)
        return kept.indices.map { sample(patient.id, kept[...$0]) }
    }

    /// The sample of the last of these visits.
    private static func sample(_ patient: Symbol, _ visits: ArraySlice<Visit>) -> Sample {
        let history = visits.dropLast().map { $0.lists[2] } + [[]]
        return Sample(
            patientID: patient, visitID: visits.last?.id,
            values: [
                .nestedCodes(visits.map { $0.lists[0] }), .nestedCodes(visits.map { $0.lists[1] }),
                .nestedCodes(history), .codes(visits.last?.lists[2] ?? []),
            ])
    }
}

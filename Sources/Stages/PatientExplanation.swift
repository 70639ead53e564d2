import ClinicalData
import Datasets
import Foundation
import Groundwork
package import Tasks

/// Why a patient is in or out of a job's cohort: his events by table, the task's rules applied to him alone, his samples.
///
/// Holds data of a patient: for the terminal of the one who asked, never for files.
package struct PatientExplanation {
    /// His events by table.
    package let events: [(table: String, count: Int)]
    /// The task's counts for him alone.
    package let attrition: Attrition
    /// Visit and label of his samples.
    package let samples: [(visit: String, label: String)]

    /// Reads the events of the patient `id`, which take their space in the folder `scratch`, and runs the task on them.
    ///
    /// Throws ``StageError/unknownPatient(subset:)``, ``StageError/outsideDev`` and what reading throws.
    package init(
        _ setup: JobSetup, patient id: String, scratch: String = NSTemporaryDirectory(),
        progress: (Int) -> Void = { _ in }
    ) throws {
        try setup.checkSources()
        let (job, needs) = (setup.job, setup.task.neededAttributes)
        let inspector = Inspector(definition: setup.definition, root: job.dataset.root)
        if job.dataset.dev {
            let whole = try inspector.plan(
                tables: setup.tables, needs: setup.needs, offered: setup.offered, shardSize: Int.max / 2,
                pieceBytes: 64 << 20, limit: JobSetup.patientsOfDev)
            guard whole.reads(id) else { throw StageError.outsideDev }
        }
        var plan = try inspector.plan(
            tables: setup.tables.filter { needs[$0.name] != nil }, needs: needs, shardSize: Int.max / 2,
            pieceBytes: 64 << 20)
        plan.onlyID = id
        let shard = try LocalEvents(
            setup.definition, root: job.dataset.root, plan: plan, scratch: scratch, progress: progress
        ).shard(0)
        guard shard.patientCount > 0 else { throw StageError.unknownPatient(subset: job.dataset.subset) }
        let patient = shard.patient(at: 0)
        events = plan.tables.map { ($0.name, patient.events($0.name).count) }
        var attrition = setup.task.emptyAttrition
        let found = try setup.task.samples(of: patient, attrition: &attrition)
        self.attrition = attrition
        let outputs = setup.task.outputSchema.count
        samples = found.map { sample in
            (
                sample.visitID.map { shard.symbols[$0] } ?? "",
                sample.values.suffix(outputs).map { Self.text($0, shard.symbols) }.joined(separator: ", ")
            )
        }
    }

    private static func text(_ value: FieldValue, _ symbols: SymbolTable) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .text(let symbol): symbols[symbol]
        case .codes(let codes): codes.map { $0.map { symbols[$0] } ?? "null" }.joined(separator: " ")
        default: "…"
        }
    }
}

package import ClinicalData
package import Groundwork

/// One of the 15 benchmark tasks of EHRShot: codes up to a prediction time, and the benchmark's label.
///
/// One sample per row of the task's label table: `feature` holds the codes of all events with `start` ≤ `prediction_time`
/// (those without a start left out), of the named OMOP tables only if `omop_tables` is given. `label` is the row's value as
/// a text ("True", "2"), for `chexpert` the places of the bits that are set in a number of 14 bits, the highest bit being
/// place 0. `ehrshot_split` carries the patient's part (train, val, test) along; the reference calls it `split`, which in
/// sample files is the job's own split. Source: PyHealth `BenchmarkEHRShot`, whose samples have no patient; ours have.
package struct BenchmarkEHRShot: ClinicalTask {
    package let name = "BenchmarkEHRShot"
    package let datasets = ["ehrshot"]
    package let inputSchema = [FieldSchema("feature", "sequence")]
    package var outputSchema: [FieldSchema] {
        [FieldSchema("label", benchmark.labelProcessor), FieldSchema("ehrshot_split", "raw")]
    }
    package var requirements: [TableRequirement] {
        [
            TableRequirement("ehrshot", ["code"] + (omopTables == nil ? [] : ["omop_table"])),
            TableRequirement("splits", ["split"]), TableRequirement(benchmark.rawValue, ["value"]),
        ]
    }
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingPredictionTime, ExclusionRule.missingLabel,
        ExclusionRule.noVisitLeft,
    ]
    /// The names of the options in run files.
    static let options = ["task", "omop_tables"]
    /// Which of the 15.
    package let benchmark: EHRShotBenchmark
    /// OMOP tables (as the column `omop_table` names them) that codes are taken from; nil, the default: all.
    package let omopTables: [String]?

    init(_ benchmark: EHRShotBenchmark, omopTables: [String]? = nil) {
        self.benchmark = benchmark
        self.omopTables = omopTables
    }

    /// Throws `ConfigurationError` for a missing or unknown task and for an empty list of tables.
    package init(options: ConfigurationNode) throws {
        let task = try options.required("task").choice(EHRShotBenchmark.allCases.map(\.rawValue))
        let tables = options.child("omop_tables")
        if let tables, try tables.strings().isEmpty {
            throw tables.error("empty", "expected at least one OMOP table.")
        }
        self.init(EHRShotBenchmark(rawValue: task) ?? .chexpert, omopTables: try tables?.strings())
    }

    /// Throws ``TaskError`` for a labelled patient who is not in exactly one split, and for a label that is no number of
    /// 14 bits where it must be one.
    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let labels = patient.events(benchmark.rawValue)
        guard attrition.enter(labels) else { return [] }
        let splits = patient.events("splits")
        guard splits.count == 1 else {
            throw TaskError.notOneRow(table: "splits", count: splits.count)
        }
        let split = splits.first?.symbol("split").map(FieldValue.text) ?? .null
        let tables = omopTables.map { Set($0.compactMap(patient.symbols.find)) }
        return try attrition.samples(of: patient, labels, id: nil) { row in
            guard let time = row.timestamp else { return .excluded(ExclusionRule.missingPredictionTime) }
            guard let value = row.symbol("value") else { return .excluded(ExclusionRule.missingLabel) }
            let codes = Self.codes(patient.events("ehrshot", through: time), of: tables)
            guard benchmark == .chexpert else {
                return .sample([.codes(codes), .text(value), split], label: patient.symbols[value])
            }
            guard let bits = Int(patient.symbols[value]),
                (0..<(1 << EHRShotBenchmark.findings)).contains(bits)
            else {
                throw TaskError.wrongLabel(
                    table: row.type, column: "value", expected: "a whole number of 14 bits")
            }
            return .sample([.codes(codes), .numbers(Self.places(bits)), split])
        }
    }

    private static func codes(_ events: Events, of tables: Set<Symbol>?) -> [Symbol?] {
        let codes = events.column("code")
        guard let tables else { return Array(codes) }
        return zip(codes, events.column("omop_table")).compactMap { code, table -> Symbol?? in
            table.map(tables.contains) ?? false ? .some(code) : nil
        }
    }

    /// The places of the bits that are set, the highest bit being place 0.
    static func places(_ bits: Int) -> [Double?] {
        (0..<EHRShotBenchmark.findings).filter { bits >> (EHRShotBenchmark.findings - 1 - $0) & 1 == 1 }
            .map(Double.init)
    }
}

/// The benchmark tasks of EHRShot by the name of their label table.
package enum EHRShotBenchmark: String, Sendable, CaseIterable {
    case chexpert
    case guoICU = "guo_icu"
    case guoLengthOfStay = "guo_los"
    case guoReadmission = "guo_readmission"
    case anemia = "lab_anemia"
    case hyperkalemia = "lab_hyperkalemia"
    case hypoglycemia = "lab_hypoglycemia"
    case hyponatremia = "lab_hyponatremia"
    case thrombocytopenia = "lab_thrombocytopenia"
    case acuteMI = "new_acutemi"
    case celiac = "new_celiac"
    case hyperlipidemia = "new_hyperlipidemia"
    case hypertension = "new_hypertension"
    case lupus = "new_lupus"
    case pancreaticCancer = "new_pancan"

    /// The number of findings in a label of ``chexpert``.
    static let findings = 14

    /// The processor of the label.
    var labelProcessor: String {
        switch self {
        case .chexpert: "multilabel"
        case .anemia, .hyperkalemia, .hypoglycemia, .hyponatremia, .thrombocytopenia: "multiclass"
        case .guoICU, .guoLengthOfStay, .guoReadmission, .acuteMI, .celiac, .hyperlipidemia, .hypertension,
            .lupus, .pancreaticCancer:
            "binary"
        }
    }
}

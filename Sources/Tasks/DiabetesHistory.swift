import ClinicalData
import Groundwork

/// What the tasks on diabetic ketoacidosis (DKA) read of a patient, and the inputs they collect admission by admission.
struct DiabetesHistory {
    /// A diagnosis with its code in upper case and without dots and blanks.
    struct Diagnosis {
        let code: String
        let version: String?
        /// The discharge from the admission it was given for.
        let time: Timestamp?

        /// Whether this is DKA in any diabetes.
        var isKetoacidosis: Bool { isKetoacidosis(prefixes: ["E101", "E111", "E131"]) }
        /// Whether this is DKA in type 1 diabetes.
        var isTypeOneKetoacidosis: Bool { isKetoacidosis(prefixes: ["E101"]) }
        /// Whether this is type 1 diabetes: ICD-10 E10…, ICD-9 250x1 and 250x3.
        var isTypeOneDiabetes: Bool {
            switch version {
            case "9": code.count == 5 && code.hasPrefix("250") && (code.hasSuffix("1") || code.hasSuffix("3"))
            case "10": code.hasPrefix("E10")
            default: false
            }
        }

        private func isKetoacidosis(prefixes: [String]) -> Bool {
            switch version {
            case "9": ["25010", "25011", "25012", "25013"].contains(code)
            case "10": prefixes.contains { code.hasPrefix($0) }
            default: false
            }
        }
    }

    /// The tables that are read.
    static let requirements = [
        TableRequirement("admissions", ["hadm_id"]),
        TableRequirement("diagnoses_icd", ["hadm_id", "icd_code", "icd_version"]),
        TableRequirement("procedures_icd", ["hadm_id", "icd_code"]),
        TableRequirement("labevents", ["hadm_id", "itemid", "valuenum"]),
    ]

    /// All diagnoses in time order.
    let diagnoses: [Diagnosis?]
    private let firstRow: Int
    private let rows: VisitRows
    private let procedures: CodeTable
    private let labs: LabTable
    private let rowsOfLabs: VisitRows
    private let symbols: SymbolTable
    private var history = StageNetHistory()

    init(_ patient: Patient) {
        let events = patient.events("diagnoses_icd")
        let (codes, versions) = (events.column("icd_code"), events.column("icd_version"))
        let symbols = patient.symbols
        diagnoses = events.indices.map { row in
            codes[row].map {
                Diagnosis(
                    code: Self.normal(symbols[$0]), version: versions[row].map { symbols[$0] },
                    time: events[row].timestamp)
            }
        }
        firstRow = events.startIndex
        rows = VisitRows(events)
        procedures = CodeTable(patient, "procedures_icd", .icd)
        labs = LabTable(patient)
        rowsOfLabs = VisitRows(labs.events)
        self.symbols = symbols
    }

    /// The diagnoses of an admission.
    func diagnoses(of visit: Event) -> [Diagnosis] { rows.of(visit).compactMap { diagnoses[$0 - firstRow] } }

    /// Adds an admission: its codes as `D_…` and `P_…`, each once, and the means of its laboratory values, if it has any,
    /// at the hours since the admission before. Throws ``TaskError/unparsableNumber(table:column:)``.
    mutating func add(_ visit: Event, at admitted: Timestamp) throws {
        let found =
            diagnoses(of: visit).map { "D_\($0.code)" }
            + (try procedures.knownCodes(of: visit)).map { "P_\(Self.normal(symbols[$0]))" }
        var seen: Set<ExactText> = []
        let codes = found.filter { $0.count > 2 && seen.insert(ExactText($0)).inserted }
        history.add(codes: codes.map { symbols.intern($0) }, at: admitted)
        let rows = rowsOfLabs.of(visit)
        if !rows.isEmpty { history.add(labs: try labs.means(rows), hours: history.hours) }
    }

    /// The values of the fields of ``StageNetHistory/schema(padding:)``, without laboratory values one vector of NaN at
    /// time 0; nil without any code.
    var inputs: [FieldValue]? {
        guard !history.codes.isEmpty else { return nil }
        guard history.labs.isEmpty else { return history.inputs }
        var filled = history
        filled.add(labs: Array(repeating: .nan, count: LabItems.groups.count), hours: 0)
        return filled.inputs
    }

    /// Without dots and the blanks with which some releases fill codes up, in upper case.
    private static func normal(_ code: String) -> String {
        code.filter { $0 != "." && !$0.isWhitespace }.uppercased()
    }
}

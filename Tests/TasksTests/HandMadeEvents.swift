import ClinicalData
import Tasks
import Testing

/// A data set written by hand: rows per table, put into canonical order like the real ones.
struct HandMadeEvents {
    struct Row {
        var patient: String
        var time: String?
        var values: [String: String]
    }

    /// Tables in canonical order with the attributes that the MIMIC-III visit tasks read.
    static let attributes: [(table: String, attributes: [String])] = [
        ("patients", ["dob"]), ("admissions", ["hadm_id", "dischtime", "hospital_expire_flag"]),
        ("diagnoses_icd", ["hadm_id", "icd9_code"]), ("procedures_icd", ["hadm_id", "icd9_code"]),
        ("prescriptions", ["hadm_id", "ndc"]),
    ]
    private var rows: [String: [Row]] = [:]

    /// Adds a row; attributes that are not given are null.
    mutating func add(
        _ table: String, _ patient: String, at time: String? = nil, _ values: [String: String] = [:]
    ) {
        rows[table, default: []].append(Row(patient: patient, time: time, values: values))
    }

    /// Adds an admission with one code of each kind.
    mutating func addVisit(
        _ patient: String, _ visit: String, from admitted: String?, to discharged: String?, died: String = "0"
    ) {
        var values = ["hadm_id": visit, "hospital_expire_flag": died]
        values["dischtime"] = discharged
        add("admissions", patient, at: admitted, values)
        add("diagnoses_icd", patient, ["hadm_id": visit, "icd9_code": "4019"])
        add("procedures_icd", patient, ["hadm_id": visit, "icd9_code": "9604"])
        add("prescriptions", patient, ["hadm_id": visit, "ndc": "00074407532"])
    }

    /// Adds a MIMIC-IV admission; its diagnoses and procedures have the time of discharge and the version "10", its drugs the
    /// time of admission.
    mutating func addMIMIC4Visit(
        _ patient: String, _ visit: String, from admitted: String?, to discharged: String?,
        died: String = "0",
        diagnoses: [String] = ["I10"], procedures: [String] = ["0BH17EZ"], drugs: [String] = ["00074407532"]
    ) {
        var values = ["hadm_id": visit, "hospital_expire_flag": died]
        values["dischtime"] = discharged
        add("admissions", patient, at: admitted, values)
        for (table, codes) in [("diagnoses_icd", diagnoses), ("procedures_icd", procedures)] {
            for code in codes {
                add(
                    table, patient, at: discharged,
                    ["hadm_id": visit, "icd_code": code, "icd_version": "10"])
            }
        }
        for drug in drugs { add("prescriptions", patient, at: admitted, ["hadm_id": visit, "ndc": drug]) }
    }

    /// Adds a laboratory value; it was stored when it was taken unless told otherwise.
    mutating func addLab(
        _ patient: String, _ item: String, _ value: String?, at time: String, stored: String? = nil,
        visit: String? = nil
    ) {
        var values = ["itemid": item, "storetime": stored ?? time]
        values["valuenum"] = value
        values["hadm_id"] = visit
        add("labevents", patient, at: time, values)
    }

    /// The samples of a task and its attrition, which must be balanced.
    func extraction(_ task: any ClinicalTask) throws -> Extraction {
        let found = try Extraction(task, [shard(for: task)])
        #expect(found.attrition.isBalanced)
        return found
    }

    /// The events of all patients, or of those in `patients`, in the tables that `task` reads.
    func shard(patients chosen: Set<String>? = nil, for task: (any ClinicalTask)? = nil) -> EventShard {
        let schema =
            task?.requirements.map { ($0.table, $0.attributes) }
            ?? Self.attributes.map { ($0.table, $0.attributes) }
        let symbols = SymbolTable()
        let all = Set(rows.values.flatMap { $0.map(\.patient) })
        let ids = all.filter { chosen?.contains($0) ?? true }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        var tables: [EventTable] = []
        var starts: [[Int]] = []
        for (name, attributes) in schema {
            var times: [Int64] = []
            var columns: [[UInt32]] = attributes.map { _ in [] }
            var ends = [0]
            for id in ids {
                let own = (rows[name] ?? []).filter { $0.patient == id }
                let ordered = own.enumerated().map { (milliseconds($1.time), $0, $1) }
                    .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
                for (time, _, row) in ordered {
                    times.append(time)
                    for (i, attribute) in attributes.enumerated() {
                        let value = row.values[attribute].map { symbols.intern($0).index }
                        columns[i].append(value ?? EventTable.missingSymbol)
                    }
                }
                ends.append(times.count)
            }
            tables.append(EventTable(name: name, attributes: attributes, times: times, columns: columns))
            starts.append(ends)
        }
        return EventShard(
            symbols: symbols, tables: tables, patientIDs: ids.map { symbols.intern($0) }, rowStarts: starts)
    }

    private func milliseconds(_ text: String?) -> Int64 {
        guard let text else { return Timestamp.missing }
        guard let time = Timestamp(text) else { preconditionFailure("HandMadeEvents: a bad time") }
        return time.milliseconds
    }
}

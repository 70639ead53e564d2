import ClinicalData
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

    /// The events of all patients, or of those in `patients`.
    func shard(patients chosen: Set<String>? = nil) -> EventShard {
        let symbols = SymbolTable()
        let all = Set(rows.values.flatMap { $0.map(\.patient) })
        let ids = all.filter { chosen?.contains($0) ?? true }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        var tables: [EventTable] = []
        var starts: [[Int]] = []
        for (name, attributes) in Self.attributes {
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

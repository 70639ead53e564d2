import ClinicalData

/// The codes in a patient's rows of one table, found by visit.
struct CodeTable {
    private let table: String
    private let rows: VisitRows
    private let codes: EventColumn
    private let versions: EventColumn?
    private let symbols: SymbolTable
    private var keepsNulls = true

    /// Diagnoses or procedures.
    init(_ patient: Patient, _ table: String, _ style: CodeStyle) {
        let version = style.columns.dropFirst().first
        self.init(patient, table, column: style.columns[0], version: version)
    }

    /// The codes of any column, with the column that holds their version if they shall show it.
    init(_ patient: Patient, _ table: String, column: String, version: String? = nil) {
        let events = patient.events(table)
        self.table = table
        rows = VisitRows(events)
        codes = events.column(column)
        versions = version.map { events.column($0) }
        symbols = patient.symbols
    }

    /// The codes of any table of any data set.
    init(_ patient: Patient, _ source: CodeSource) {
        let events = patient.events(source.table)
        table = source.table
        rows = VisitRows(events, by: source.visit)
        codes = events.column(source.code)
        versions = nil
        symbols = patient.symbols
        keepsNulls = source.keepsNulls
    }

    /// The codes of a visit in canonical order, duplicates kept, nulls as well unless told otherwise.
    ///
    /// Throws ``TaskError/unknownCodeVersion(table:column:)``.
    func codes(of visit: Event, droppingNulls: Bool = false) throws -> [Symbol?] {
        let dropsNulls = droppingNulls || !keepsNulls
        var found: [Symbol?] = []
        try rows.forEachRun(of: visit) { run in
            found.reserveCapacity(found.count + run.count)
            for row in run {
                guard let code = codes[row] else {
                    if !dropsNulls { found.append(nil) }
                    continue
                }
                found.append(try versions.map { try versioned(code, $0[row]) } ?? code)
            }
        }
        return found
    }

    /// A code with its version before it.
    private func versioned(_ code: Symbol, _ version: Symbol?) throws -> Symbol {
        guard let version = version.map({ symbols[$0] }), ["9", "10"].contains(version) else {
            throw TaskError.unknownCodeVersion(table: table, column: "icd_version")
        }
        return symbols.intern("\(version)_\(symbols[code])")
    }

    /// As ``codes(of:)`` without nulls.
    func knownCodes(of visit: Event) throws -> [Symbol] { try codes(of: visit).compactMap { $0 } }
}

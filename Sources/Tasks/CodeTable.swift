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

    /// The codes of a visit in canonical order, nulls and duplicates kept.
    ///
    /// Throws ``TaskError/unknownCodeVersion(table:column:)``.
    func codes(of visit: Event) throws -> [Symbol?] {
        try rows.of(visit).filter { keepsNulls || codes[$0] != nil }.map { row in
            guard let versions, let code = codes[row] else { return codes[row] }
            guard let version = versions[row].map({ symbols[$0] }), ["9", "10"].contains(version) else {
                throw TaskError.unknownCodeVersion(table: table, column: "icd_version")
            }
            return symbols.intern("\(version)_\(symbols[code])")
        }
    }

    /// As ``codes(of:)`` without nulls.
    func knownCodes(of visit: Event) throws -> [Symbol] { try codes(of: visit).compactMap { $0 } }
}

import ClinicalData

/// The codes in a patient's rows of one table, found by visit.
struct CodeTable {
    private let table: String
    private let rows: VisitRows
    private let codes: EventColumn
    private let versions: EventColumn?
    private let symbols: SymbolTable
    private var keepsNulls = true
    private var namesNulls = false

    /// Diagnoses or procedures; with `namesNulls` a null code of a known version is the text "None", as the reference's tasks
    /// write it that put codes together themselves.
    init(_ patient: Patient, _ table: String, _ style: CodeStyle, namesNulls: Bool = false) {
        let version = style.columns.dropFirst().first
        self.init(patient, table, column: style.columns[0], version: version)
        self.namesNulls = namesNulls
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
                let (code, version) = (codes[row], versions?[row])
                if code == nil, dropsNulls { continue }
                // A row with neither has no code of any version.
                let isVersioned = versions != nil && (code != nil || namesNulls && version != nil)
                found.append(isVersioned ? try versioned(code, version) : code)
            }
        }
        return found
    }

    /// A code with its version before it; a null one is "None".
    private func versioned(_ code: Symbol?, _ version: Symbol?) throws -> Symbol {
        guard let version = version.map({ symbols[$0] }), ["9", "10"].contains(version) else {
            throw TaskError.unknownCodeVersion(table: table, column: "icd_version")
        }
        return symbols.intern("\(version)_\(code.map { symbols[$0] } ?? "None")")
    }

    /// As ``codes(of:)`` without nulls.
    func knownCodes(of visit: Event) throws -> [Symbol] { try codes(of: visit).compactMap { $0 } }
}

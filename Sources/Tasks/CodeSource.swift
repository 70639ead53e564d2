/// Where one kind of code stands: a table, the attribute that names the visit, and the one that holds the code.
struct CodeSource: Sendable {
    let table: String
    let visit: String
    let code: String
    /// Whether rows without a code count as well, as nulls.
    var keepsNulls = true

    /// What is read.
    var requirement: TableRequirement { TableRequirement(table, [visit, code]) }
}

/// Where the three kinds of codes of a data set's visits stand.
struct VisitCodeSources: Sendable {
    let conditions: CodeSource
    let procedures: CodeSource
    let drugs: CodeSource

    /// The tables that are read.
    var requirements: [TableRequirement] { [conditions, procedures, drugs].map(\.requirement) }
}

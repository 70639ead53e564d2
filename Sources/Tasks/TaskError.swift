package import Groundwork

/// What a task cannot make samples of. Values never appear, only tables, columns and fields.
package enum TaskError: PyHealthError, Equatable {
    /// A time that is neither a date nor a date with a time of day.
    case unparsableTime(table: String, column: String)
    /// A number that is none.
    case unparsableNumber(table: String, column: String)
    /// A patient has no row or several of a table that has one row per patient.
    case notOneRow(table: String, count: Int)
    /// A label that is none of its task's.
    case wrongLabel(table: String, column: String, expected: String)
    /// A version of ICD other than 9 and 10.
    case unknownCodeVersion(table: String, column: String)
    /// A field holds values of different kinds.
    case mixedKinds(field: String)
    /// A field that holds lists has none in a sample.
    case missingList(field: String)
    /// A sample has more or fewer values than its task has fields.
    case wrongFieldCount(expected: Int, got: Int)

    package var code: String {
        switch self {
        case .unparsableTime: "task.unparsable-time"
        case .unparsableNumber: "task.unparsable-number"
        case .notOneRow: "task.not-one-row"
        case .wrongLabel: "task.wrong-label"
        case .unknownCodeVersion: "task.unknown-code-version"
        case .mixedKinds: "task.mixed-kinds"
        case .missingList: "task.missing-list"
        case .wrongFieldCount: "task.wrong-field-count"
        }
    }

    package var exitStatus: ExitStatus { .data }

    package var message: String {
        switch self {
        case .unparsableTime(let table, let column):
            "Table \"\(table)\", column \"\(column)\": a value is no time. "
                + "Expected YYYY-MM-DD[ HH:MM[:SS]]. Correct the file, or leave the cell empty."
        case .unparsableNumber(let table, let column):
            "Table \"\(table)\", column \"\(column)\": a value is no number. "
                + "Expected digits with a decimal point. Correct the file, or leave the cell empty."
        case .notOneRow(let table, let count):
            "Table \"\(table)\": a patient has \(count) rows, expected exactly one. Correct the file."
        case .wrongLabel(let table, let column, let expected):
            "Table \"\(table)\", column \"\(column)\": a label is none of this task's. "
                + "Expected \(expected). Check that the task and the file belong together."
        case .unknownCodeVersion(let table, let column):
            "Table \"\(table)\", column \"\(column)\": a version of ICD is neither 9 nor 10. Correct the file."
        case .mixedKinds(let field):
            "Field \"\(field)\" holds values of different kinds (codes, numbers, whole numbers, lists of them). "
                + "A task must give a field one kind of value in every sample."
        case .missingList(let field):
            "Field \"\(field)\" holds lists, but a sample has none. A task must give the empty list instead."
        case .wrongFieldCount(let expected, let got):
            "A sample has \(got) values, its task has \(expected) fields. "
                + "Give the inputs, then the outputs, in schema order."
        }
    }
}

package import ClinicalData

/// A question put to every patient: which samples he gives, with inputs and a label.
package protocol ClinicalTask: Sendable {
    /// The task's name in run files and reports, PyHealth's class name.
    var name: String { get }
    /// The data sets it belongs to.
    var datasets: [String] { get }
    /// Input fields in order.
    var inputSchema: [FieldSchema] { get }
    /// Output fields in order.
    var outputSchema: [FieldSchema] { get }
    /// The tables and attributes it reads; the data set is checked against them before any work.
    var requirements: [TableRequirement] { get }
    /// Tables whose events must have times where the data set may have none.
    var timedTables: [String] { get }
    /// Why patients and visits are left out, in the order in which the rules are applied.
    var exclusionRules: [String] { get }

    /// The patient's samples in order; counts in `attrition` what comes in, is excluded and comes out.
    func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample]
}

extension ClinicalTask {
    package var timedTables: [String] { [] }

    /// An empty count for this task.
    package var emptyAttrition: Attrition { Attrition(rules: exclusionRules) }

    /// Attributes by table, as the data set's reader wants them.
    package var neededAttributes: [String: [String]] {
        Dictionary(uniqueKeysWithValues: requirements.map { ($0.table, $0.attributes) })
    }
}

/// A table that a task reads, with the attributes it reads from it.
package struct TableRequirement: Sendable, Equatable {
    package var table: String
    package var attributes: [String]

    package init(_ table: String, _ attributes: [String]) {
        self.table = table
        self.attributes = attributes
    }
}

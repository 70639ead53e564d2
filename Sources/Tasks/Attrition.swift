import Groundwork

/// Patients and visits that came in, were excluded by each rule, and became samples; counts of labels.
///
/// Every patient and every visit is counted exactly once: in = excluded + out. Adding up counts of parts in any grouping
/// gives the same totals.
package struct Attrition: Codable, Sendable, Equatable {
    /// What one rule took out.
    package struct Exclusion: Codable, Sendable, Equatable {
        package var rule: String
        package var patients = 0
        package var visits = 0
    }

    /// Rows of a table that belong to nothing.
    package struct StrayRows: Codable, Sendable, Equatable {
        /// The table's name.
        package var table: String
        /// What they belong to nothing for.
        package var reason: StrayReason
        /// How many there are.
        package var rows: Int
    }

    /// What rows belong to nothing for.
    package enum StrayReason: String, Codable, Sendable {
        /// An inner join found no row with their key in the joined file, for example no such admission: they are left out.
        case noPartner = "left out, no partner in a joined table"
        /// Their patient has no row in the table of patients; they are read.
        case unknownPatient = "patient not in the table of patients"
    }

    /// Label counts of one output field.
    package struct Label: Codable, Sendable, Equatable {
        package var value: String
        package var samples: Int
    }

    /// Patients seen.
    package private(set) var patientsIn = 0
    /// Visits seen.
    package private(set) var visitsIn = 0
    /// By rule, in the task's order.
    package private(set) var exclusions: [Exclusion]
    /// Patients with at least one sample.
    package private(set) var patientsOut = 0
    /// Visits that went into samples.
    package private(set) var visitsOut = 0
    /// Samples.
    package private(set) var samplesOut = 0
    /// Samples per label, by value.
    package private(set) var labels: [Label] = []

    /// Samples with inputs that were recorded after their prediction time.
    package private(set) var lateInputs = 0

    /// Rows of the task's tables that belong to nothing, by table and reason; none is listed without rows.
    package private(set) var strayRows: [StrayRows] = []

    /// An empty count over these rules, in order.
    package init(rules: [String]) { exclusions = rules.map { Exclusion(rule: $0) } }

    /// Counts a patient with his visits as seen.
    package mutating func enter(visits: Int) {
        patientsIn += 1
        visitsIn += visits
    }

    /// Counts patients and visits taken out by `rule`, which must be one of the task's.
    package mutating func exclude(_ rule: String, patients: Int = 0, visits: Int = 0) {
        guard let index = exclusions.firstIndex(where: { $0.rule == rule }) else {
            preconditionFailure("Attrition: the task does not list the rule \(rule)")
        }
        exclusions[index].patients += patients
        exclusions[index].visits += visits
    }

    /// Counts one sample made of a number of visits, with its label if it has a single one.
    package mutating func emit(label: Int? = nil, visits: Int = 1) {
        emit(text: label.map { String($0) }, visits: visits)
    }

    /// Counts one sample made of a number of visits, with its label if it has a single one.
    package mutating func emit(text label: String?, visits: Int = 1) {
        samplesOut += 1
        visitsOut += visits
        if let label { count(label: label, samples: 1) }
    }

    /// Counts samples whose latest input was recorded after their prediction time.
    package mutating func count(lateInputs: Int) { self.lateInputs += lateInputs }

    /// Counts rows of a table that belong to nothing.
    package mutating func count(strayRows rows: Int, of table: String, _ reason: StrayReason) {
        guard rows > 0 else { return }
        if let index = strayRows.firstIndex(where: { $0.table == table && $0.reason == reason }) {
            strayRows[index].rows += rows
        } else {
            strayRows.append(StrayRows(table: table, reason: reason, rows: rows))
            strayRows.sort { ($0.table, $0.reason.rawValue) < ($1.table, $1.reason.rawValue) }
        }
    }

    /// Ends the count of a patient who was entered: he has `samples`, or is taken out by `rule`.
    package mutating func close(samples: Int, rule: String) {
        if samples > 0 { patientsOut += 1 } else { exclude(rule, patients: 1) }
    }

    /// Adds the counts of another part of the patients; both must have the same rules.
    package mutating func merge(_ other: Attrition) {
        precondition(exclusions.map(\.rule) == other.exclusions.map(\.rule), "Attrition: different rules")
        patientsIn += other.patientsIn
        visitsIn += other.visitsIn
        for i in exclusions.indices {
            exclusions[i].patients += other.exclusions[i].patients
            exclusions[i].visits += other.exclusions[i].visits
        }
        patientsOut += other.patientsOut
        visitsOut += other.visitsOut
        lateInputs += other.lateInputs
        samplesOut += other.samplesOut
        for label in other.labels { count(label: label.value, samples: label.samples) }
        for stray in other.strayRows { count(strayRows: stray.rows, of: stray.table, stray.reason) }
    }

    /// Labels stay in order of length and text, which is the order of size for whole numbers.
    private mutating func count(label: String, samples: Int) {
        if let index = labels.firstIndex(where: { $0.value == label }) {
            labels[index].samples += samples
        } else {
            labels.append(Label(value: label, samples: samples))
            labels.sort { ($0.value.count, $0.value) < ($1.value.count, $1.value) }
        }
    }

    /// Samples per label as people may see them: classes by number and truth values as they are, any other text, which stands
    /// so in a patient's row, as its place among such texts (`#1`, `#2`, …).
    package var shownLabels: [(name: String, samples: Int)] {
        var hidden = 0
        return labels.map { label in
            if Self.isClass(label.value) { return (label.value, label.samples) }
            hidden += 1
            return ("#\(hidden)", label.samples)
        }
    }

    /// A longer number may be anything.
    private static func isClass(_ label: String) -> Bool {
        ["true", "false"].contains(label.lowercased()) || label.wholeMatch(of: /-?[0-9]{1,3}/) != nil
    }

    /// Whether every patient and every visit is accounted for: in = excluded + out.
    package var isBalanced: Bool {
        patientsIn == patientsOut + exclusions.reduce(0) { $0 + $1.patients }
            && visitsIn == visitsOut + exclusions.reduce(0) { $0 + $1.visits }
    }

    /// The table as comma-separated text: step, patients, visits, samples; and rows, where some belong to nothing.
    package var csv: String {
        table(
            patients: ([patientsIn] + exclusions.map(\.patients) + [patientsOut]).map { "\($0)" },
            visits: ([visitsIn] + exclusions.map(\.visits) + [visitsOut]).map { "\($0)" },
            labels: labels.map { "\($0.samples)" }, number: { "\($0)" })
    }

    /// As ``csv`` for messages, which others may read: without small counts (``SmallCells``).
    package var told: String {
        table(
            patients: SmallCells.texts(
                total: patientsIn, taken: exclusions.map(\.patients), rest: patientsOut),
            visits: SmallCells.texts(total: visitsIn, taken: exclusions.map(\.visits), rest: visitsOut),
            labels: SmallCells.texts(addends: labels.map(\.samples)), number: SmallCells.text)
    }

    private func table(
        patients: [String], visits: [String], labels: [String], number: (Int) -> String
    ) -> String {
        let steps = ["in"] + exclusions.map { "excluded: \($0.rule)" } + ["out"]
        let samples = Array(repeating: "", count: steps.count - 1) + [number(samplesOut)]
        let rows =
            [["step", "patients", "visits", "samples"]]
            + steps.indices.map { [steps[$0], patients[$0], visits[$0], samples[$0]] }
            + zip(shownLabels, labels).map { ["label \($0.name)", "", "", $1] }
        guard strayRows.isEmpty else {
            let stray = strayRows.map {
                ["rows of \($0.table): \($0.reason.rawValue)", "", "", "", number($0.rows)]
            }
            return Self.text([rows[0] + ["rows"]] + rows.dropFirst().map { $0 + [""] } + stray)
        }
        return Self.text(rows)
    }

    private static func text(_ rows: [[String]]) -> String {
        rows.map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
    }
}

/// A cell, in quotes where RFC 4180 wants them.
private func quoted(_ cell: String) -> String {
    guard cell.contains(where: { ",\"\r\n".contains($0) }) else { return cell }
    return "\"" + cell.replacing("\"", with: "\"\"") + "\""
}

package import ClinicalData
import Groundwork

/// One sign that samples tell their label, or that parts of the split share patients; it names fields and counts, no values.
package struct LeakageFinding: Codable, Sendable, Equatable {
    /// A stable code, for example `leakage.label-among-inputs`.
    package var code: String
    /// What was found, in one sentence.
    package var message: String
}

/// Looks through all samples for signs that they tell their label.
///
/// Four signs: samples of one patient in two parts of the split; codes among the inputs that are (as good as) the label;
/// inputs later than the prediction time, as the task has counted them; a label that the mere length of the observation window
/// tells. Adding up goes over samples in order and does not depend on how they are cut into parts.
package struct LeakageCheck {
    /// A code tells the label if at least this share of the samples that hold it has one label, …
    package static let purity = 0.99
    /// … and at least this share of the samples with that label holds it, …
    package static let coverage = 0.5
    /// … of at least this many samples with each label.
    package static let support = 20
    /// A window's length tells the label from this area under the ROC curve on.
    package static let windowAUC = 0.95

    private let inputs: Int
    private let label: String
    private let mode: PredictionMode?
    private var partOfPatient: [String: Int32] = [:]
    private var patientsInTwoParts: Set<String> = []
    private var samples = 0
    private var positives = 0
    private var negatives = 0
    /// By input field and code: samples with label 1 and with label 0 that hold it.
    private var codes: [CodeCounts]
    /// By input field and length: samples with label 1 and with label 0.
    private var lengths: [[Int: LabelCounts]]
    /// By input field: samples with labels, and those whose labels all stand among the field's codes.
    private var labelled = 0
    private var holdingLabels: [Int]
    private var names: [String]

    /// A check of samples with these fields.
    package init(inputs: [FieldSchema], outputs: [FieldSchema]) {
        self.inputs = inputs.count
        names = inputs.map(\.name)
        label = outputs.first?.name ?? ""
        mode = outputs.first.flatMap { PredictionMode(rawValue: $0.processor) }
        codes = inputs.map { _ in CodeCounts() }
        lengths = inputs.map { _ in [:] }
        holdingLabels = inputs.map { _ in 0 }
    }

    /// Adds samples; `parts` has the number of the part of each.
    package mutating func add(_ samples: SampleColumns, parts: [Int32]) {
        for (patient, part) in zip(samples.patientIDs, parts) {
            if let known = partOfPatient[patient] {
                if known != part { patientsInTwoParts.insert(patient) }
            } else {
                partOfPatient[patient] = part
            }
        }
        self.samples += samples.count
        guard samples.fields.count > inputs else { return }
        switch mode {
        case .binary: addBinary(samples)
        case .multilabel: addMultilabel(samples)
        default: break
        }
    }

    private mutating func addBinary(_ samples: SampleColumns) {
        let labels = samples.fields[inputs].wholeNumbers
        guard labels.count == samples.count else { return }
        for row in 0..<samples.count { if labels[row] == 1 { positives += 1 } else { negatives += 1 } }
        for field in 0..<inputs {
            let column = samples.fields[field]
            guard !column.offsets.isEmpty else { continue }
            let bounds = column.leafBounds
            for row in 0..<samples.count {
                lengths[field][bounds[row + 1] - bounds[row], default: LabelCounts()].count(labels[row] == 1)
            }
            column.countCodes(bounds, labels) { codes[field].add($0, $1) }
        }
    }

    private mutating func addMultilabel(_ samples: SampleColumns) {
        let bounds = samples.fields.map(\.leafBounds)
        func codes(_ field: Int, of row: Int) -> Set<String> {
            samples.fields[field].distinctCodes(bounds[field][row]..<bounds[field][row + 1])
        }
        for row in 0..<samples.count {
            let wanted = codes(inputs, of: row)
            guard !wanted.isEmpty else { continue }
            labelled += 1
            for field in 0..<inputs where !samples.fields[field].offsets.isEmpty {
                if wanted.isSubset(of: codes(field, of: row)) { holdingLabels[field] += 1 }
            }
        }
    }

    /// What was found, in order of kind and field; `lateInputs` samples had inputs later than their prediction time.
    package func findings(lateInputs: Int = 0) -> [LeakageFinding] {
        var found: [LeakageFinding] = []
        if !patientsInTwoParts.isEmpty {
            found.append(
                LeakageFinding(
                    code: "leakage.patient-in-two-parts",
                    message:
                        "\(SmallCells.text(patientsInTwoParts.count)) patients have samples in different parts of the "
                        + "split. Split by patient.")
            )
        }
        for field in 0..<inputs where labelled >= Self.support {
            if Double(holdingLabels[field]) >= 0.95 * Double(labelled) {
                found.append(
                    labelAmongInputs(field, "the labels stand among its codes in nearly every sample"))
            }
        }
        if positives >= Self.support, negatives >= Self.support {
            for field in 0..<inputs {
                let telling = codes[field].counts.count { tells($0) }
                if telling > 0 {
                    found.append(
                        labelAmongInputs(
                            field,
                            "\(telling) of its codes occur with one label only and with most of its samples"))
                }
            }
            for field in 0..<inputs {
                let area = areaUnderCurve(lengths[field])
                guard max(area, 1 - area) >= Self.windowAUC else { continue }
                found.append(
                    LeakageFinding(
                        code: "leakage.window-depends-on-label",
                        message:
                            "field \(names[field]): the number of its entries alone tells the label \(label). "
                            + "The observation window may end where the outcome begins."))
            }
        }
        if lateInputs > 0 {
            found.append(
                LeakageFinding(
                    code: "leakage.input-after-prediction",
                    message:
                        "\(told(lateInputs)) samples hold inputs that were recorded after their prediction time (for "
                        + "example diagnoses coded at discharge, used at admission)."))
        }
        return found
    }

    /// How many of the samples, as it may be told.
    private func told(_ count: Int) -> String {
        if count == samples { return "all" }
        return SmallCells.mayShare(count, of: samples) ? "\(count) of \(samples)" : "some"
    }

    private func labelAmongInputs(_ field: Int, _ what: String) -> LeakageFinding {
        LeakageFinding(
            code: "leakage.label-among-inputs",
            message: "field \(names[field]): \(what). They may be the label \(label) itself.")
    }

    private func tells(_ counts: LabelCounts) -> Bool {
        let all = Double(counts.positive + counts.negative)
        let isPositive =
            Double(counts.positive) >= Self.purity * all
            && Double(counts.positive) >= Self.coverage * Double(positives)
        let isNegative =
            Double(counts.negative) >= Self.purity * all
            && Double(counts.negative) >= Self.coverage * Double(negatives)
        // A code that nearly every sample holds says nothing, however pure a rare label makes it look.
        let share = all / Double(positives + negatives)
        return (isPositive || isNegative) && share < Self.purity
            && abs(Double(counts.positive) / Double(positives) - Double(counts.negative) / Double(negatives))
                >= Self.coverage
    }

    /// The area under the ROC curve of lengths, ties counted half (Mann and Whitney, 1947).
    private func areaUnderCurve(_ counts: [Int: LabelCounts]) -> Double {
        var (area, below) = (0.0, 0.0)
        let (p, n) = counts.values.reduce((0, 0)) { ($0.0 + $1.positive, $0.1 + $1.negative) }
        guard p > 0, n > 0 else { return 0.5 }
        for (_, count) in counts.sorted(by: { $0.key < $1.key }) {
            area += Double(count.positive) * (below + Double(count.negative) / 2)
            below += Double(count.negative)
        }
        return area / (Double(p) * Double(n))
    }
}

/// Samples with label 1 and with label 0.
private struct LabelCounts {
    var positive = 0
    var negative = 0

    mutating func count(_ isPositive: Bool) {
        if isPositive { positive += 1 } else { negative += 1 }
    }

    mutating func add(_ other: LabelCounts) {
        positive += other.positive
        negative += other.negative
    }
}

/// Samples with each label by code.
private struct CodeCounts {
    private let codes = SymbolTable()
    /// In order of first appearance.
    private(set) var counts: [LabelCounts] = []

    mutating func add(_ code: String, _ count: LabelCounts) {
        let place = Int(codes.intern(code).index)
        if place == counts.count { counts.append(count) } else { counts[place].add(count) }
    }
}

extension FieldColumn {
    /// The values of a field with one number per sample.
    fileprivate var wholeNumbers: [Int] {
        switch leaves {
        case .integers(let values): values.map { Int($0) }
        case .numbers(let values): values.map { Int($0.isFinite ? $0 : 0) }
        case .symbols: []
        }
    }

    /// Calls `body` for every code with the samples that hold it; `bounds` are ``FieldColumn/leafBounds``.
    fileprivate func countCodes(_ bounds: [Int], _ labels: [Int], _ body: (String, LabelCounts) -> Void) {
        guard case .symbols(let indices, let dictionary) = leaves else { return }
        var counts = [LabelCounts](repeating: LabelCounts(), count: dictionary.count)
        var lastRow = [Int](repeating: -1, count: dictionary.count)
        for row in labels.indices {
            for index in indices[bounds[row]..<bounds[row + 1]]
            where index != EventTable.missingSymbol && lastRow[Int(index)] != row {
                lastRow[Int(index)] = row
                counts[Int(index)].count(labels[row] == 1)
            }
        }
        for (code, count) in zip(dictionary, counts) { body(code, count) }
    }

    /// The different codes among some leaves; none for numbers.
    fileprivate func distinctCodes(_ range: Range<Int>) -> Set<String> {
        guard case .symbols(let indices, let dictionary) = leaves else { return [] }
        return Set(
            Set(indices[range]).filter { $0 != EventTable.missingSymbol }.map { dictionary[Int($0)] })
    }
}

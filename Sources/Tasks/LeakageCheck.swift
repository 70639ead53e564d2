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
    private var partOfPatient: [ExactText: Int32] = [:]
    private var patientsInTwoParts: Set<ExactText> = []
    private var samples = 0
    private var classes = LabelClasses()
    /// Samples of each class.
    private var totals: [Int] = []
    /// By input field and code: samples of each class that hold it.
    private var codes: [CodeCounts]
    /// By input field and length: samples of each of the two classes of a binary label.
    private var lengths: [[Int: [Int]]]
    /// By input field: samples with labels, and those whose labels all stand among the field's codes.
    private var labelled = 0
    private var holdingLabels: [Int]
    private var names: [String]
    /// The input fields that are judged: texts, which no model takes, are too large to be kept.
    private let judgedFields: [Int]

    /// A check of samples with these fields.
    package init(inputs: [FieldSchema], outputs: [FieldSchema]) {
        self.inputs = inputs.count
        names = inputs.map(\.name)
        judgedFields = inputs.indices.filter {
            !["raw", "text", "tuple_time_text", "ignore"].contains(inputs[$0].processor)
        }
        label = outputs.first?.name ?? ""
        mode = outputs.first.flatMap { PredictionMode(rawValue: $0.processor) }
        codes = inputs.map { _ in CodeCounts() }
        lengths = inputs.map { _ in [:] }
        holdingLabels = inputs.map { _ in 0 }
    }

    /// Adds samples; `parts` has the number of the part of each.
    package mutating func add(_ samples: SampleColumns, parts: [Int32]) {
        for (patient, part) in zip(samples.patientIDs, parts) {
            if let known = partOfPatient[text: patient] {
                if known != part { patientsInTwoParts.insert(ExactText(patient)) }
            } else {
                partOfPatient[text: patient] = part
            }
        }
        self.samples += samples.count
        guard samples.fields.count > inputs else { return }
        switch mode {
        case .binary, .multiclass: addClasses(samples)
        case .multilabel: addMultilabel(samples)
        default: break
        }
    }

    private mutating func addClasses(_ samples: SampleColumns) {
        let labels = classes.places(of: samples.fields[inputs])
        guard labels.count == samples.count else { return }
        for label in labels { totals.count(label) }
        for field in judgedFields {
            let column = samples.fields[field]
            guard !column.offsets.isEmpty else { continue }
            let bounds = column.leafBounds
            if mode == .binary {
                for row in 0..<samples.count {
                    lengths[field][bounds[row + 1] - bounds[row], default: []].count(labels[row])
                }
            }
            column.countCodes(bounds, labels, classes.count) { codes[field].add($0, $1) }
        }
    }

    private mutating func addMultilabel(_ samples: SampleColumns) {
        let bounds = samples.fields.map(\.leafBounds)
        func codes(_ field: Int, of row: Int) -> Set<ExactText> {
            samples.fields[field].distinctCodes(bounds[field][row]..<bounds[field][row + 1])
        }
        for row in 0..<samples.count {
            let wanted = codes(inputs, of: row)
            guard !wanted.isEmpty else { continue }
            labelled += 1
            for field in judgedFields where !samples.fields[field].offsets.isEmpty {
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
        let all = totals.reduce(0, +)
        let judged = totals.indices.filter { totals[$0] >= Self.support && all - totals[$0] >= Self.support }
        for field in 0..<inputs where !judged.isEmpty {
            let telling = codes[field].counts.count { counts in judged.contains { tells(counts, $0, of: all) }
            }
            if telling > 0 {
                found.append(
                    labelAmongInputs(
                        field,
                        "\(telling) of its codes occur with one label only and with most of its samples"))
            }
        }
        if mode == .binary, judged.count == 2 {
            // Fields without lists have no lengths.
            for field in 0..<inputs where !lengths[field].isEmpty {
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

    /// Whether a code with these samples of each class tells the class at `place` of all samples.
    private func tells(_ counts: [Int], _ place: Int, of all: Int) -> Bool {
        let own = Double(place < counts.count ? counts[place] : 0)
        let holders = Double(counts.reduce(0, +))
        let total = Double(totals[place])
        guard own >= Self.purity * holders, own >= Self.coverage * total else { return false }
        // A code that nearly every sample holds says nothing, however pure a rare label makes it look.
        return holders / Double(all) < Self.purity
            && abs(own / total - (holders - own) / (Double(all) - total)) >= Self.coverage
    }

    /// The area under the ROC curve of lengths, ties counted half (Mann and Whitney, 1947).
    private func areaUnderCurve(_ counts: [Int: [Int]]) -> Double {
        var (area, below) = (0.0, 0.0)
        let (p, n) = (Double(totals[0]), Double(totals[1]))
        for (_, count) in counts.sorted(by: { $0.key < $1.key }) {
            let (positive, negative) = (Double(count[0]), Double(count.count > 1 ? count[1] : 0))
            area += positive * (below + negative / 2)
            below += negative
        }
        return area / (p * n)
    }
}

extension [Int] {
    /// Counts one more at `place`, which may be beyond the end.
    fileprivate mutating func count(_ place: Int) {
        if place >= count { append(contentsOf: repeatElement(0, count: place + 1 - count)) }
        self[place] += 1
    }
}

/// The classes of a label, numbered in order of appearance; a missing label is one too.
private struct LabelClasses {
    private var numbers: [Double: Int] = [:]
    private var texts: [ExactText?: Int] = [:]

    var count: Int { numbers.count + texts.count }

    /// The class of every sample of a field with one label each.
    mutating func places(of field: FieldColumn) -> [Int] {
        switch field.leaves {
        case .integers(let values): return values.map { place(of: Double($0)) }
        case .numbers(let values): return values.map { place(of: $0.isNaN ? .infinity : Double($0)) }
        case .symbols(let indices, let dictionary):
            return indices.map { place(of: $0 == EventTable.missingSymbol ? nil : dictionary[Int($0)]) }
        }
    }

    private mutating func place(of number: Double) -> Int {
        if let known = numbers[number] { return known }
        numbers[number] = count
        return count - 1
    }

    private mutating func place(of text: String?) -> Int {
        let text = text.map(ExactText.init)
        if let known = texts[text] { return known }
        texts[text] = count
        return count - 1
    }
}

/// Samples with each label by code.
private struct CodeCounts {
    private let codes = SymbolTable()
    /// By code in order of first appearance, by class.
    private(set) var counts: [[Int]] = []

    mutating func add(_ code: String, _ more: ArraySlice<Int>) {
        let place = Int(codes.intern(code).index)
        guard place < counts.count else { return counts.append(Array(more)) }
        let missing = more.count - counts[place].count
        if missing > 0 { counts[place].append(contentsOf: repeatElement(0, count: missing)) }
        for (label, count) in more.enumerated() { counts[place][label] += count }
    }
}

extension FieldColumn {
    /// Calls `body` for every code with the samples of each class that hold it; `bounds` are ``FieldColumn/leafBounds``.
    fileprivate func countCodes(
        _ bounds: [Int], _ labels: [Int], _ classes: Int, _ body: (String, ArraySlice<Int>) -> Void
    ) {
        guard case .symbols(let indices, let dictionary) = leaves else { return }
        var counts = [Int](repeating: 0, count: dictionary.count * classes)
        var lastRow = [Int](repeating: -1, count: dictionary.count)
        for row in labels.indices {
            for index in indices[bounds[row]..<bounds[row + 1]]
            where index != EventTable.missingSymbol && lastRow[Int(index)] != row {
                lastRow[Int(index)] = row
                counts[Int(index) * classes + labels[row]] += 1
            }
        }
        for (place, code) in dictionary.enumerated() {
            body(code, counts[(place * classes)..<((place + 1) * classes)])
        }
    }

    /// The different codes among some leaves; none for numbers.
    fileprivate func distinctCodes(_ range: Range<Int>) -> Set<ExactText> {
        guard case .symbols(let indices, let dictionary) = leaves else { return [] }
        return Set(
            Set(indices[range]).filter { $0 != EventTable.missingSymbol }.map {
                ExactText(dictionary[Int($0)])
            })
    }
}

package import ClinicalData
package import Groundwork

/// Which words of a note identify somebody?
///
/// One sample per note: `text` holds its words, `labels` one label per word in the BIO scheme, both with one blank between two;
/// the visit is the note. With a window size there is one sample per window of so many words instead: windows begin every
/// size − overlap words as long as there are any, so that the last ones may be short and lie within the one before.
/// `token_start` is the number of words before the sample. Source: PyHealth `DeIDNERTask`.
package struct DeIDNERTask: ClinicalTask {
    package let name = "DeIDNERTask"
    package let datasets = ["physionetdeid"]
    package let inputSchema = [FieldSchema("text", "text")]
    package let outputSchema = [FieldSchema("labels", "text"), FieldSchema("token_start", "raw")]
    package let requirements = [TableRequirement("physionet_deid", ["note_id", "text", "labels"])]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingText, ExclusionRule.noVisitLeft,
    ]
    /// The names of the options in run files.
    static let options = ["window_size", "window_overlap"]
    /// Words per window; nil, the default: whole notes.
    package let windowSize: Int?
    /// Words that a window shares with the next one. The default is 0.
    package let windowOverlap: Int

    init(windowSize: Int? = nil, windowOverlap: Int = 0) {
        (self.windowSize, self.windowOverlap) = (windowSize, windowOverlap)
    }

    /// Throws `ConfigurationError` for a window without words and for an overlap that is not smaller than the window.
    package init(options: ConfigurationNode) throws {
        let size = try options.child("window_size")?.int(in: 1...1_000_000)
        let node = options.child("window_overlap")
        let overlap = try node?.int(in: 0...1_000_000) ?? 0
        if let node, overlap > 0, overlap >= size ?? 0 {
            throw node.error(
                "range",
                "expected fewer words than window_size\(size.map { ", \($0)" } ?? ", which is not given").")
        }
        self.init(windowSize: size, windowOverlap: overlap)
    }

    /// Throws ``TaskError/wrongLabel(table:column:expected:)`` for a note that has not as many labels as words.
    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let notes = patient.events("physionet_deid")
        guard attrition.enter(notes) else { return [] }
        var samples: [Sample] = []
        for note in notes {
            guard let text = note["text"] else {
                attrition.exclude(ExclusionRule.missingText, visits: 1)
                continue
            }
            let windows = try windows(text, labels: note["labels"] ?? "")
            for (number, window) in windows.enumerated() {
                attrition.emit(text: nil, visits: number == 0 ? 1 : 0)
                let values = [window.text, window.labels, String(window.start)]
                samples.append(
                    Sample(
                        patientID: patient.id, visitID: note.symbol("note_id"),
                        values: values.map { .text(patient.symbols.intern($0)) }))
            }
        }
        attrition.close(samples: samples.count, rule: ExclusionRule.noVisitLeft)
        return samples
    }

    private func windows(
        _ text: String, labels: String
    ) throws -> [(start: Int, text: String, labels: String)] {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let tags = labels.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == tags.count else {
            throw TaskError.wrongLabel(
                table: "physionet_deid", column: "labels", expected: "as many labels as the note has words")
        }
        guard let windowSize else { return [(0, text, labels)] }
        return stride(from: 0, to: words.count, by: windowSize - windowOverlap).map { start in
            let range = start..<min(start + windowSize, words.count)
            return (start, words[range].joined(separator: " "), tags[range].joined(separator: " "))
        }
    }
}

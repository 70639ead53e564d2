/// Predictions of some samples in one HDF5 file.
///
/// Layout: `/sample` i64 (global number), `/patient_id`, `/visit_id` texts, `/y_true` f32, `/y_prob` f32, `/logit` f32, each
/// `[samples, width]` (`y_true` `[samples, 1]` for multiclass), `/loss` f32 per sample; root attributes `mode` and `samples`.
package struct PredictionFile: Sendable, Equatable {
    package var mode: String
    package var samples: [Int64]
    package var patientIDs: [String]
    package var visitIDs: [String]
    package var truth: [Float]
    package var probabilities: [Float]
    package var logits: [Float]
    package var losses: [Float]

    private static let format = "pyhealth-predictions-1"

    package init(
        mode: String, samples: [Int64] = [], patientIDs: [String] = [], visitIDs: [String] = [],
        truth: [Float] = [], probabilities: [Float] = [], logits: [Float] = [], losses: [Float] = []
    ) {
        self.mode = mode
        self.samples = samples
        self.patientIDs = patientIDs
        self.visitIDs = visitIDs
        self.truth = truth
        self.probabilities = probabilities
        self.logits = logits
        self.losses = losses
    }

    /// Columns of the probabilities.
    package var width: Int { samples.isEmpty ? 0 : probabilities.count / samples.count }

    /// Writes to a new file; throws `HDF5Error`.
    package func write(to path: String) throws {
        let out = try CheckedFile.create(path, format: Self.format)
        try out.file.setAttribute("mode", .text(mode))
        try out.file.setAttribute("samples", .integer(Int64(samples.count)))
        try out.write(samples, to: "sample")
        try out.writeText(patientIDs, to: "patient_id")
        try out.writeText(visitIDs, to: "visit_id")
        for (name, values) in [("y_true", truth), ("y_prob", probabilities), ("logit", logits)] {
            let columns = samples.isEmpty ? 1 : values.count / samples.count
            try out.write(values, shape: [samples.count, columns], to: name)
        }
        try out.write(losses, to: "loss")
        try out.file.close()
    }

    /// Reads a file; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String) throws -> PredictionFile {
        let input = try CheckedFile.open(path, format: format)
        let file = PredictionFile(
            mode: try input.file.textAttribute("mode"), samples: try input.read("sample"),
            patientIDs: try input.readText("patient_id"), visitIDs: try input.readText("visit_id"),
            truth: try input.read("y_true"), probabilities: try input.read("y_prob"),
            logits: try input.read("logit"), losses: try input.read("loss"))
        try input.require(file.isConsistent, "its datasets have different lengths")
        return file
    }

    private var isConsistent: Bool {
        let count = samples.count
        guard count > 0 else { return truth.isEmpty && probabilities.isEmpty && logits.isEmpty }
        return [patientIDs.count, visitIDs.count, losses.count].allSatisfy { $0 == count }
            && [truth.count, probabilities.count].allSatisfy { $0.isMultiple(of: count) }
            && logits.count == probabilities.count
    }

    /// Appends another file's samples.
    package mutating func append(_ other: PredictionFile, rows: [Int]) {
        let width = other.width
        let columns = other.samples.isEmpty ? 0 : other.truth.count / other.samples.count
        for row in rows {
            samples.append(other.samples[row])
            patientIDs.append(other.patientIDs[row])
            visitIDs.append(other.visitIDs[row])
            truth += other.truth[(row * columns)..<((row + 1) * columns)]
            probabilities += other.probabilities[(row * width)..<((row + 1) * width)]
            logits += other.logits[(row * width)..<((row + 1) * width)]
            losses.append(other.losses[row])
        }
    }
}

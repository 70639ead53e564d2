import Evaluation
import Foundation
package import Groundwork

/// The true probabilities of a synthetic corpus, by admission.
package struct SyntheticTruth {
    private let probabilities: [Substring: Double]

    /// Reads `truth/truth.csv` of the corpus in `folder`; throws `FileError` and ``SyntheticCorpusError``.
    package init(corpus folder: String) throws {
        let path = "\(folder)/truth/truth.csv"
        let data = try Files.contents(of: path)
        var found: [Substring: Double] = [:]
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").dropFirst()
        for (number, line) in lines.enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 3, let probability = Double(fields[1]) else {
                throw SyntheticCorpusError.badTruth(path: path, line: number + 2)
            }
            found[fields[0]] = probability
        }
        probabilities = found
    }

    /// Area under the ROC curve of the true probabilities over the given samples, the best that a model can reach on
    /// them; nil if one of the visits is not of this corpus or there is only one class.
    package func bestReachableAUC(visits: [String], labels: [Bool]) -> Double? {
        let scores = visits.compactMap { probabilities[$0[...]] }
        guard scores.count == visits.count else { return nil }
        let area = RankingCurves.areaUnderROC(labels: labels, scores: scores)
        return area.isNaN ? nil : area
    }
}

/// Errors of making and reading a synthetic corpus.
package enum SyntheticCorpusError: PyHealthError {
    /// The disk is too small; bytes.
    case noSpace(path: String, needed: Double, free: Double)
    /// `truth.csv` is not as it was written.
    case badTruth(path: String, line: Int)

    package var code: String {
        switch self {
        case .noSpace: "synthetic.no-space"
        case .badTruth: "synthetic.truth"
        }
    }
    package var exitStatus: ExitStatus {
        switch self {
        case .noSpace: .cannotCreate
        case .badTruth: .data
        }
    }
    package var message: String {
        switch self {
        case .noSpace(let path, let needed, let free):
            "\(path): the corpus takes about \(Self.gigabytes(needed)) GB, \(Self.gigabytes(free)) GB are free. "
                + "Ask for fewer patients, for --gzip, or choose another disk."
        case .badTruth(let path, let line):
            "\(path), line \(line): expected an id, a probability and a label. Make the corpus again."
        }
    }

    private static func gigabytes(_ bytes: Double) -> String { String(format: "%.1f", bytes / 1e9) }
}

import Foundation
import Groundwork
import SyntheticCorpora
import TestSupport

/// A corpus made for one test.
struct MadeCorpus {
    let folder: TemporaryFolder
    let path: String
    let summary: CorpusSummary

    init(
        _ layout: SyntheticCorpus.Layout, patients: Int, _ change: (inout CorpusOptions) -> Void = { _ in }
    ) throws {
        folder = try TemporaryFolder("corpus")
        path = folder.file("corpus")
        var options = CorpusOptions(patients: patients, seed: 1, output: path)
        options.labs = true
        options.chartEvents = true
        change(&options)
        summary = try SyntheticCorpus(layout, options).write()
    }

    /// Relative paths of all files, sorted.
    var names: [String] {
        (FileManager.default.subpaths(atPath: path) ?? []).filter { !Files.isFolder("\(path)/\($0)") }
            .sorted()
    }

    /// The tables by relative path.
    func tables() throws -> [String: Data] {
        let tables = names.filter { !$0.hasPrefix("truth/") }
        return Dictionary(
            uniqueKeysWithValues: try tables.map { ($0, try Files.contents(of: "\(path)/\($0)")) })
    }

    /// The cells of a table without quoted commas, the header first.
    func rows(_ name: String) throws -> [[Substring]] {
        try String(decoding: Files.contents(of: "\(path)/\(name)"), as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }
}

import Foundation
import Groundwork

/// Tables of one layout that take patients one after the other.
protocol CorpusTables: AnyObject {
    /// Writes the patient with this number, counted from 0; returns the number of visits; throws `FileError`.
    func write(patient number: Int, truth: CorpusTruth) throws -> Int
    /// Ends all tables and gives the files their names; returns their bytes before compression; throws `FileError`.
    func finish() throws -> Int
}

/// A corpus in the layout of a public data set whose signal is known.
///
/// Everything is a function of seed and options; the records of patient k do not depend on how many patients there are: the
/// tables of a smaller corpus are the beginnings of a larger one's. Files are written in patient order, get their names at the
/// end, and the folder `truth` comes last: a corpus without it was not finished.
package struct SyntheticCorpus {
    /// Which data set the tables look like.
    package enum Layout: String, CaseIterable, Sendable {
        /// MIMIC-III 1.4.
        case mimic3
        /// MIMIC-IV 2.2.
        case mimic4
        /// eICU 2.0.
        case eicu
        /// OMOP Common Data Model 5.3.
        case omop
    }

    private let layout: Layout
    private let options: CorpusOptions

    /// A corpus of the given layout.
    package init(_ layout: Layout, _ options: CorpusOptions) {
        self.layout = layout
        self.options = options
    }

    /// Writes the corpus; calls `progress` with patients done. Throws `ConfigurationError`, `FileError` and
    /// ``SyntheticCorpusError/noSpace(path:needed:free:)`` before anything is written.
    package func write(progress: (Int) -> Void = { _ in }) throws -> CorpusSummary {
        guard options.patients >= 1 else {
            throw ConfigurationError("range", "--patients: expected at least 1, got \(options.patients).")
        }
        try makeFolder()
        let truth = try CorpusTruth(folder: "\(options.output)/truth", layout: layout)
        let tables = try makeTables()
        var visits = 0
        for number in 0..<options.patients {
            visits += try tables.write(patient: number, truth: truth)
            if number % 256 == 255 { progress(number + 1) }
        }
        let bytes = try tables.finish()
        return try truth.finish(options: options, visits: visits, bytes: bytes)
    }

    private func makeTables() throws -> any CorpusTables {
        switch layout {
        case .mimic3: try MIMIC3Tables(options)
        case .mimic4: try MIMIC4Tables(options)
        case .eicu: try EICUTables(options)
        case .omop: try OMOPTables(options)
        }
    }

    /// About how many bytes of text a patient has, rounded up.
    var bytesPerPatient: Double {
        switch layout {
        case .mimic3: options.labs ? 26_000 : 17_000
        case .mimic4: options.chartEvents ? 85_000 : 62_000
        case .eicu: 36_000
        case .omop: 38_000
        }
    }

    private func makeFolder() throws {
        let manager = FileManager.default
        if let content = try? manager.contentsOfDirectory(atPath: options.output), !content.isEmpty {
            throw ConfigurationError(
                "output-exists", "--output: \"\(options.output)\" is not empty. Choose a new folder.")
        }
        try checkSpace()
        try Files.createFolder(options.output)
    }

    /// Compressed tables take about a quarter of their text.
    private func checkSpace() throws {
        let needed = Double(options.patients) * bytesPerPatient * (options.gzip ? 0.25 : 1)
        var folder = URL(fileURLWithPath: options.output)
        while !Files.isFolder(folder.path), folder.path != "/" { folder.deleteLastPathComponent() }
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else {
            throw FileError("inspect", path: folder.path, errorNumber: errno)
        }
        let free = Double(status.f_bavail) * Double(status.f_frsize)
        guard needed <= free else {
            throw SyntheticCorpusError.noSpace(path: options.output, needed: needed, free: free)
        }
    }
}

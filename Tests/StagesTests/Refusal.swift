import Foundation
import TestSupport
import Testing

/// What a refused job must look like: its code, its exit status, words that its error must hold.
struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    let code: String
    let status: Int32
    /// What the error must name: file, line, column, key, valid values.
    let words: [String]

    var testDescription: String { name }

    /// Stands in bad cells; it must never leave the tables.
    static let canary = "CANARY7731"

    /// Checks a refused run: one clear error, the exit status, no patient value anywhere but in intermediate files, and
    /// nothing half-written.
    func check(_ outcome: Commands.Outcome, run: String) throws {
        #expect(outcome.status == status, "\(name): \(outcome.errors)")
        let lines = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("pyhealth-coord: ") }
        #expect(lines.count == 1, "\(name): \(outcome.errors)")
        #expect(outcome.errors.contains("[\(code)]"), "\(name): \(outcome.errors)")
        for word in words { #expect(outcome.errors.contains(word), "\(name): \(outcome.errors)") }
        #expect(!(outcome.errors + outcome.output).contains(Self.canary), "\(name)")
        try checkFiles(of: run)
    }

    private func checkFiles(of run: String) throws {
        let files = FileManager.default.enumerator(atPath: run)?.compactMap { $0 as? String } ?? []
        for file in files {
            #expect(!file.contains(".tmp."), "\(name): \(file)")
            guard !file.hasPrefix("stage/"), let data = FileManager.default.contents(atPath: "\(run)/\(file)")
            else { continue }
            #expect(data.range(of: Data(Self.canary.utf8)) == nil, "\(name): \(file)")
        }
        for published in ["report.html", "metrics.json", "checkpoints/best.h5"] {
            #expect(!files.contains(published), "\(name): \(published)")
        }
    }
}

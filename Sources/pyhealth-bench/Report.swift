import ArgumentParser
import Foundation
import Kernels

/// All measurements of one command with what they depend on.
struct Report: Codable {
    let level: String
    /// Set where the machine lacks instructions.
    let notice: String?
    let openBLASCore: String
    let runs: Int
    let roof: Roof
    let results: [Measurement]

    /// Measures the chosen cases and prints them.
    static func run(_ cases: [Case], _ options: ReportOptions) throws {
        let chosen = cases.filter { item in options.only.map { item.name.contains($0) } ?? true }
        let roof = Roof()
        let report = Report(
            level: "\(Kernel.level)", notice: Kernel.notice, openBLASCore: LinearAlgebraLibrary.coreName,
            runs: options.runs,
            roof: roof, results: try chosen.map { try Measurement($0, runs: options.runs, roof: roof) })
        switch options.format {
        case .table: print(report.table)
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        }
    }

    private var table: String {
        let width = results.reduce(4) { max($0, $1.name.count) }
        let name = { (text: String) in text.padding(toLength: width, withPad: " ", startingAt: 0) }
        let number = { (value: Double?, format: String) in
            value.map { String(format: format, $0) } ?? ""
        }
        let column = { (text: String, width: Int) in
            String(repeating: " ", count: max(width - text.count, 0)) + text
        }
        let heading =
            name("") + column("median us", 12) + column("spread", 9) + column("GFLOP/s", 9)
            + column("GB/s", 9) + column("samples/s", 11) + column("of roof", 9)
        let rows = results.map { result in
            name(result.name) + column(number(result.median * 1e6, "%.1f"), 12)
                + column(number(result.spread * 50, "±%.0f %%"), 9)
                + column(number(result.gigaflops, "%.1f"), 9)
                + column(number(result.gigabytesPerSecond, "%.1f"), 9)
                + column(number(result.samplesPerSecond, "%.0f"), 11)
                + column(number(result.percentOfRoof, "%.0f %%"), 9)
                + (result.bound.map { "  " + $0 } ?? "")
        }
        let header = "kernels: \(level), OpenBLAS core: \(openBLASCore), one thread, medians of \(runs) runs"
        return ([header] + (notice.map { [$0] } ?? []) + [roof.description, heading] + rows).joined(
            separator: "\n")
    }
}

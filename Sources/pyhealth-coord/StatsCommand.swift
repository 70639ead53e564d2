import ArgumentParser
import Foundation
import Groundwork
import Stages

/// `pyhealth-coord stats`: what a data set holds.
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Counts patients, visits and events of a data set.",
        discussion: """
            Counts below 11 are not told. For example:

              pyhealth-coord stats mimic4 --root /data/mimic4
              pyhealth-coord stats mimic3 --root /data/mimic3 --tables admissions,labevents --json
              pyhealth-coord stats mydata.yaml --root /data/mine
            """)

    @Argument(help: "A built-in data set, or the YAML file of your own.")
    var dataset: String

    @Option(help: "The folder with the tables.")
    var root: String

    @Option(help: "Tables besides the default ones, with commas between; none: all that are there.")
    var tables: String?

    @Option(
        help:
            "A folder with room for the columns that are read; nothing is left there. None: $TMPDIR or /tmp.")
    var scratch: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try reporting {
            let requested = tables?.split(separator: ",").map(String.init) ?? []
            let printer = ReadingProgress()
            let found = try CorpusStatistics(
                dataset: dataset, root: root, requested: requested,
                scratch: scratch ?? NSTemporaryDirectory()
            ) {
                printer.add($0)
            }
            printer.end()
            print(json ? try encoded(Counts(found)) : text(found))
        }
    }

    private func text(_ found: CorpusStatistics) -> String {
        var lines = ["patients  \(SmallCells.text(found.patients))"]
        if let visits = found.tables.first(where: { $0.name == found.visitTable }) {
            lines.append("visits    \(SmallCells.text(visits.events)) (\(visits.name))")
        }
        if !found.absentTables.isEmpty {
            lines.append("not there  \(found.absentTables.joined(separator: ", "))")
        }
        for (table, column) in found.incompleteTables.sorted(by: { $0.key < $1.key }) {
            lines.append("not read   \(table): there is no column \(column)")
        }
        for one in found.tables {
            lines += [
                "",
                "\(one.name): \(SmallCells.text(one.events)) events of \(SmallCells.text(one.patients)) patients",
            ]
            if one.withoutTime > 0 { lines.append("  without time  \(share(one.withoutTime, one.events))") }
            if one.ofUnknownPatients > 0, let patients = found.patientTable {
                lines.append("  patient not in \(patients)  \(SmallCells.text(one.ofUnknownPatients)) events")
            }
            if one.withoutPartner > 0 {
                lines.append(
                    "  without partner in a joined table  \(SmallCells.text(one.withoutPartner)) rows, left out"
                )
            }
            let years = one.years.sorted { $0.key < $1.key }
            if let first = years.first, let last = years.last {
                lines.append("  years         \(first.key) to \(last.key)")
                let most = years.map(\.value).max() ?? 1
                let texts = SmallCells.texts(addends: years.map(\.value))
                for ((year, count), text) in zip(years, texts) where years.count <= 40 {
                    let bar = String(repeating: "#", count: text == "\(count)" ? 40 * count / most : 0)
                    lines.append("    \(year)  \(bar) \(text)")
                }
            }
            if !one.absent.isEmpty { lines.append("  no column for \(one.absent.joined(separator: ", "))") }
            let missing = one.attributes.filter { (one.missing[$0] ?? 0) > 0 }
            for name in missing {
                lines.append("  \(name) empty: \(share(one.missing[name] ?? 0, one.events))")
            }
        }
        return lines.joined(separator: "\n")
    }

    private func share(_ part: Int, _ whole: Int) -> String {
        SmallCells.mayShare(part, of: whole)
            ? String(format: "%.1f %%", 100 * Double(part) / Double(whole)) : "some"
    }

    /// The counts as they may be shown.
    private struct Counts: Encodable {
        struct Table: Encodable {
            var name, events, patients: String
            var ofUnknownPatients: String
            var withoutPartner: String
            var years: [String: String]
            var emptyShare: [String: Double]
            var absentColumns: [String]
        }
        var patients: String
        var visits: String?
        var tables: [Table]
        var absentTables: [String]
        var incompleteTables: [String: String]

        init(_ found: CorpusStatistics) {
            patients = SmallCells.text(found.patients)
            visits = found.tables.first { $0.name == found.visitTable }.map { SmallCells.text($0.events) }
            absentTables = found.absentTables
            incompleteTables = found.incompleteTables
            tables = found.tables.map { one in
                // Their sum is told too.
                let years = one.years.sorted { $0.key < $1.key }
                let texts = SmallCells.texts(addends: years.map(\.value))
                return Table(
                    name: one.name, events: SmallCells.text(one.events),
                    patients: SmallCells.text(one.patients),
                    ofUnknownPatients: SmallCells.text(one.ofUnknownPatients),
                    withoutPartner: SmallCells.text(one.withoutPartner),
                    years: Dictionary(uniqueKeysWithValues: zip(years.map { "\($0.key)" }, texts)),
                    emptyShare: one.missing.filter { SmallCells.mayShare($0.value, of: one.events) }
                        .mapValues { (Double($0) / Double(one.events) * 1000).rounded() / 1000 },
                    absentColumns: one.absent)
            }
        }
    }
}

/// Tells on a terminal how much was read, a few times a second.
final class ReadingProgress {
    private let isShown = isatty(STDERR_FILENO) == 1
    private let start = Date()
    private var last = Date.distantPast
    private var total = 0

    /// Counts bytes as read.
    func add(_ count: Int) {
        total += count
        guard isShown, Date().timeIntervalSince(last) > 0.2 else { return }
        last = Date()
        let rate = Double(total) / max(0.001, Date().timeIntervalSince(start))
        StandardError.show("read \(bytes(total)), \(bytes(Int(rate)))/s")
    }

    /// Clears the line.
    func end() { StandardError.clearLine() }
}

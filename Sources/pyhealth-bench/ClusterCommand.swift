import ArgumentParser
import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork

/// Measures what the cluster costs: the coordinator of many workers, replay, protocol and checkpoints.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract:
            "The coordinator of a thousand workers, replay of a journal, what protocol and checkpoints cost.",
        discussion: """
            shards, training: a coordinator process with pretended workers (real messages over ipc, a heartbeat per second, \
            shards of half a minute); its CPU time in windows, and its largest resident memory. journal: replay. protocol: \
            one worker beside the same training without coordinator. checkpoints: the same training with many and with none. \
            Example: pyhealth-bench cluster --only shards --workers 1000
            """)

    /// What is measured.
    enum Part: String, CaseIterable, ExpressibleByArgument {
        case shards, training, journal, protocolCost = "protocol", checkpoints
    }

    @Option(help: "shards, training, journal, protocol, checkpoints; by default all.")
    var only: [Part] = Part.allCases

    @Option(help: "Pretended workers.")
    var workers = 1000

    @Option(help: "Seconds of a window of CPU time.")
    var seconds = 4.0

    @Option(help: "Records of the journal.")
    var records = 1_000_000

    @Option(help: "How many windows or runs the median is taken over.")
    var runs = 5

    @Option(help: "Where runs are put; removed afterwards.")
    var folder = "bench/cluster"

    @Option(help: "The folder of pyhealth-coord and pyhealth-worker; by default this command's own.")
    var commands: String?

    @Option(help: "table or json.")
    var format = ReportFormat.table

    func validate() throws {
        guard workers > 0, seconds > 0, records > 0, runs > 0 else {
            throw ValidationError("--workers, --seconds, --records, --runs: expected positive numbers.")
        }
    }

    func run() throws {
        ProcessHardening.apply()
        try Files.createFolder(folder)
        let place = URL(fileURLWithPath: folder).path
        var figures: [ClusterFigure] = []
        if only.contains(.shards) {
            figures += try CoordinatorLoad(folder: place, workers: workers, seconds: seconds, runs: runs)
                .shards()
        }
        if only.contains(.training) {
            figures += try CoordinatorLoad(folder: place, workers: workers, seconds: seconds, runs: runs)
                .training()
        }
        if only.contains(.journal) {
            figures += try JournalReplay(folder: place, records: records, runs: runs).figures()
        }
        let own = Files.folder(of: CommandLine.arguments[0])
        let cost = TrainingCost(folder: place, commands: commands ?? own, runs: runs)
        if only.contains(.protocolCost) { figures += try cost.protocolCost() }
        if only.contains(.checkpoints) { figures += try cost.checkpoints() }
        try ClusterFigure.print(figures, format)
    }
}

/// A measured figure beside what it should be.
struct ClusterFigure: Codable {
    let name: String
    let unit: String
    let median: Double
    /// (largest − smallest) / median.
    let spread: Double
    /// The figure should not be above this.
    let asked: Double?

    init(_ name: String, _ unit: String, _ values: [Double], asked: Double? = nil) {
        let spread = Spread(values)
        self.name = name
        self.unit = unit
        median = spread.median
        self.spread = spread.spread.isFinite ? spread.spread : 0
        self.asked = asked
    }

    static func print(_ figures: [ClusterFigure], _ format: ReportFormat) throws {
        switch format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            Swift.print(String(decoding: try encoder.encode(figures), as: UTF8.self))
        case .table:
            Swift.print("| figure | median | spread | asked |\n|---|---|---|---|")
            for figure in figures {
                let asked = figure.asked.map { String(format: "≤ %g %@", $0, figure.unit) } ?? ""
                Swift.print(
                    String(
                        format: "| %@ | %.3g %@ | ±%.0f %% | %@ |", figure.name, figure.median, figure.unit,
                        figure.spread * 50, asked))
            }
        }
    }
}

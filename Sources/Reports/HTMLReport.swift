import Foundation
import Groundwork

/// A run's report as one HTML text that needs nothing else: no script, no style sheet, no picture from elsewhere.
package struct HTMLReport {
    private let summary: RunSummary

    /// A report of `summary`.
    package init(_ summary: RunSummary) { self.summary = summary }

    /// The whole page. Sections without content are left out; counts below ``SmallCells/limit`` are not told.
    package func html() -> String {
        let sections = [
            results, attrition, training, curves, stages, timeline, processes, files, configuration,
        ]
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(HTML.escape(summary.name))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>\(HTML.escape(summary.name))</h1>
            <dl>
            \(summary.facts.map { "<div><dt>\(HTML.escape($0.name))</dt><dd>\(HTML.escape($0.value))</dd></div>" }.joined(separator: "\n"))
            </dl>
            \(sections.joined())<footer>Counts of 1 to \(SmallCells.limit - 1) are shown as &lt;\(SmallCells.limit); where one could be found by subtraction, another is withheld.</footer>
            </body>
            </html>

            """
    }

    // MARK: Results

    private var results: String {
        let parts = summary.parts
        guard !parts.isEmpty else { return "" }
        let names = parts.first?.metrics.map(\.name) ?? []
        var rows = [
            ["samples"] + SmallCells.texts(addends: parts.map(\.samples)),
            ["patients"] + SmallCells.texts(addends: parts.map(\.patients)),
            ["loss"] + parts.map { isTold($0) ? Self.value($0.loss) : SmallCells.withheld },
        ]
        for (index, name) in names.enumerated() {
            rows.append(
                [name]
                    + parts.map {
                        isTold($0) && index < $0.metrics.count
                            ? Self.value($0.metrics[index].value) : SmallCells.withheld
                    })
        }
        return HTML.section(
            "Results", HTML.table([""] + parts.map(\.split), rows, numbers: Set(1...parts.count)) + labelTable
        )
    }

    /// Whether losses and metrics of a part are shown.
    private func isTold(_ part: RunSummary.Part) -> Bool { part.samples >= SmallCells.limit }

    private var labelTable: String {
        let labels = Set(summary.parts.flatMap { $0.labels.keys }).sorted { ($0.count, $0) < ($1.count, $1) }
        guard !labels.isEmpty else { return "" }
        let columns = summary.parts.map { part in
            SmallCells.texts(addends: labels.map { part.labels[$0] ?? 0 })
        }
        return "<h3>Samples per label</h3>\n"
            + HTML.table(
                ["label"] + summary.parts.map(\.split),
                labels.enumerated().map { row, label in [label] + columns.map { $0[row] } },
                numbers: Set(1...max(1, summary.parts.count)))
    }

    /// Four decimals, or the word for a metric that has no value.
    private static func value(_ number: Double?) -> String {
        number.map { String(format: "%.4f", $0) } ?? "undefined"
    }

    // MARK: Attrition

    private var attrition: String {
        let steps = summary.attrition
        guard !steps.isEmpty else { return "" }
        let patients = Self.column(steps.map(\.patients))
        let visits = Self.column(steps.map { $0.visits ?? $0.samples })
        let rows = steps.enumerated().map { index, step in
            [
                step.step, patients[index], step.visits == nil ? "" : visits[index],
                step.samples == nil ? "" : visits[index],
            ]
        }
        let labels = SmallCells.texts(addends: summary.labels.map(\.samples))
        return HTML.section(
            "Attrition",
            HTML.table(["step", "patients", "visits", "samples"], rows, numbers: [1, 2, 3])
                + (summary.labels.isEmpty || !summary.parts.isEmpty
                    ? ""
                    : "<h3>Samples per label</h3>\n"
                        + HTML.table(
                            ["label", "samples"],
                            zip(summary.labels, labels).map { [$0.label, $1] }, numbers: [1])))
    }

    /// A column of which the first count is the sum of the others, and the last is what was left.
    private static func column(_ counts: [Int?]) -> [String] {
        guard let total = counts.first, counts.count > 1, let rest = counts.last else {
            return counts.map { $0.map(SmallCells.text) ?? "" }
        }
        return SmallCells.texts(total: total, taken: Array(counts.dropFirst().dropLast()), rest: rest)
    }

    // MARK: Training

    private var training: String {
        guard let epochs = summary.history.first?.values.count, epochs > 0 else { return "" }
        let sizes = summary.parts.isEmpty ? summary.sizes : summary.parts.map { ($0.split, $0.samples) }
        let hidden = sizes.filter { $0.samples < SmallCells.limit }.map { "\($0.split)_" }
        let history = summary.history.filter { column in !hidden.contains(where: column.name.hasPrefix) }
        let note =
            hidden.isEmpty ? "" : " Curves of parts with fewer than \(SmallCells.limit) samples are withheld."
        let losses = history.filter { $0.name.hasSuffix("loss") }
        let metrics = history.filter { !$0.name.hasSuffix("loss") }
        let kept =
            summary.keptEpoch.map { " Predictions and metrics are by the parameters of epoch \($0)." } ?? ""
        return HTML.section(
            "Training",
            HTML.paragraph("\(epochs) epoch\(epochs == 1 ? "" : "s").\(kept)\(note)")
                + "<div class=\"plots\">\n"
                + plot("Loss", "Mean loss per sample", losses, range: nil)
                + (metrics.isEmpty ? "" : plot("Validation metrics", "Value", metrics, range: nil))
                + "</div>\n")
    }

    private func plot(
        _ title: String, _ label: String, _ columns: [RunSummary.HistoryColumn], range: ClosedRange<Double>?
    ) -> String {
        let series = columns.enumerated().flatMap { number, column -> [Plot.Series] in
            let points = column.values.enumerated().compactMap { epoch, value in
                value.map { (x: Double(epoch), y: $0) }
            }
            return [
                Plot.Series(name: column.name, mark: .line, points: points, color: number),
                Plot.Series(name: "", mark: .dots, points: points, color: number),
            ]
        }
        return Plot(title: title, xLabel: "Epoch", yLabel: label, yRange: range, series: series, wholeX: true)
            .figure()
    }

    private var curves: String {
        guard let (split, values) = summary.predictions, values.count > 0 else { return "" }
        return HTML.section(
            "Predictions on the \(split) split", PredictionPlots(split: split, predictions: values).html())
    }

    // MARK: How it ran

    private var stages: String {
        guard !summary.stages.isEmpty else { return "" }
        let rows = summary.stages.map { stage in
            [
                stage.name, stage.shards > 0 ? "\(stage.shards)" : "",
                stage.seconds.map { String(format: "%.2f", $0) } ?? "already done",
                stage.seconds == nil ? "" : String(format: "%.2f", stage.computeSeconds),
                stage.bytes > 0 ? String(format: "%.1f", Double(stage.bytes) / 1e6) : "",
            ]
        }
        return HTML.section(
            "Stages",
            HTML.table(
                ["stage", "shards", "seconds", "computing seconds, all workers", "MB read"], rows,
                numbers: [1, 2, 3, 4]))
    }

    private var timeline: String {
        let plot = TimelinePlot(summary.timeline)
        return plot.isEmpty ? "" : HTML.section("Workers over time", plot.figure() + plot.utilisation())
    }

    private var processes: String {
        guard !summary.processes.isEmpty else { return "" }
        let rows = summary.processes.map {
            [
                $0.role, $0.host, "\($0.pid)", String(format: "%.1f", Double($0.peakBytes) / 1e6),
                String(format: "%.2f", $0.cpuSeconds),
            ]
        }
        return HTML.section(
            "Processes",
            HTML.table(["role", "host", "pid", "peak memory, MB", "CPU seconds"], rows, numbers: [2, 3, 4])
                + "<h3>Recoveries</h3>\n"
                + HTML.table(
                    ["", "count"], summary.recoveries.map { [$0.name, "\($0.count)"] }, numbers: [1]))
    }

    private var files: String {
        guard !summary.files.isEmpty else { return "" }
        let rows = summary.files.map { [$0.name, "\($0.bytes)", $0.sha256] }
        return HTML.section("Files", HTML.table(["file", "bytes", "SHA-256"], rows, numbers: [1]))
    }

    private var configuration: String {
        summary.configuration.isEmpty
            ? "" : HTML.section("Configuration", "<pre>\(HTML.escape(summary.configuration))</pre>\n")
    }

    private static let style = """
        :root { color-scheme: light dark; }
        body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { margin-bottom: .3rem; } h2 { margin: 2rem 0 .6rem; border-bottom: 1px solid #8885; } h3 { font-size: 1rem; margin: .8rem 0 .3rem; }
        dl { display: flex; flex-wrap: wrap; gap: .3rem 2rem; } dt { font-size: .8rem; opacity: .7; } dd { margin: 0; }
        table { border-collapse: collapse; } th, td { padding: .18rem .8rem .18rem 0; text-align: left; border-bottom: 1px solid #8883; }
        th { font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; }
        .wide { overflow-x: auto; } td { word-break: normal; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem 2rem; }
        figure { margin: 0; } svg { width: 100%; height: auto; display: block; }
        svg text { font-size: 12px; fill: currentColor; } svg .x { text-anchor: middle; } svg .y { text-anchor: end; dominant-baseline: central; }
        svg .axis { stroke: currentColor; fill: none; } svg .grid { stroke: #8884; }
        figcaption { font-size: .85rem; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding-left: 3.5rem; }
        figcaption i { display: inline-block; width: 1rem; height: .25rem; margin-right: .35rem; vertical-align: middle; }
        pre { overflow-x: auto; background: #8881; padding: .8rem; } footer { margin-top: 3rem; font-size: .85rem; opacity: .7; }
        """
}

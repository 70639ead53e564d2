import Foundation

/// What every worker did from the beginning of a run to its end: one row per worker, one colour per stage.
struct TimelinePlot {
    /// Rows drawn; a cluster of more workers shows those that joined first.
    static let mostRows = 64
    /// Bars drawn in a row; where there are more, the shortest are left out.
    static let mostBars = 400

    /// Okabe and Ito's colours, with two of Tol's and grey for a ninth stage on.
    private static let colors = [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933", "#888888",
    ]
    private static let width = 900.0
    private static let left = 190.0
    private static let rowHeight = 18.0

    private let rows: [(worker: String, spans: [RunSummary.Span])]
    private let stages: [String]
    private let start: Double
    private let end: Double

    init(_ spans: [RunSummary.Span]) {
        var workers: [String] = []
        var stages: [String] = []
        for span in spans {
            if !workers.contains(span.worker) { workers.append(span.worker) }
            if !stages.contains(span.stage) { stages.append(span.stage) }
        }
        let byWorker = Dictionary(grouping: spans, by: \.worker)
        rows = workers.map { ($0, byWorker[$0] ?? []) }
        self.stages = stages
        start = spans.map(\.start).min() ?? 0
        end = spans.map(\.end).max() ?? 0
    }

    /// Whether there is nothing to draw.
    var isEmpty: Bool { end <= start }

    /// The figure with its legend.
    func figure() -> String {
        let shown = rows.prefix(Self.mostRows)
        let height = Double(shown.count) * Self.rowHeight + 40
        let bars = shown.enumerated().map { row($0.element, at: Double($0.offset) * Self.rowHeight) }
        let legend = stages.enumerated().map {
            "<span><i style=\"background:\(Self.color($0.offset))\"></i>\(HTML.escape($0.element))</span>"
        }
        let more =
            rows.count > shown.count
            ? HTML.paragraph("\(rows.count - shown.count) more workers are not drawn.") : ""
        return """
            <figure class="wide"><svg viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" aria-label="Workers over time">
            \(axis(height - 34))
            \(bars.joined(separator: "\n"))
            </svg>
            <figcaption>\(legend.joined(separator: " "))<span>✕ lost</span></figcaption></figure>
            \(more)
            """
    }

    /// A table of each worker's share of the time between its first and its last work in which it worked.
    func utilisation() -> String {
        let cells = rows.prefix(Self.mostRows).map { worker, spans in
            let busy = spans.reduce(0) { $0 + ($1.end - $1.start) }
            let first = spans.map(\.start).min() ?? start
            let last = spans.map(\.end).max() ?? end
            return [
                worker, String(format: "%.1f", first - start), String(format: "%.1f", last - first),
                last > first ? String(format: "%.0f %%", 100 * busy / (last - first)) : "",
                spans.contains(where: \.isLost) ? "lost" : "",
            ]
        }
        return HTML.table(
            ["worker", "joined after, s", "there for, s", "working", ""], Array(cells), numbers: [1, 2, 3])
    }

    private func row(_ row: (worker: String, spans: [RunSummary.Span]), at top: Double) -> String {
        let kept = row.spans.sorted { $0.end - $0.start > $1.end - $1.start }.prefix(Self.mostBars)
            .sorted { $0.start < $1.start }
        let bars = kept.map { span in
            let (from, to) = (horizontal(span.start), horizontal(span.end))
            let color = Self.color(stages.firstIndex(of: span.stage) ?? .max)
            let title = HTML.escape(span.stage) + String(format: ", %.1f s", span.end - span.start)
            let mark =
                span.isLost
                ? "<text x=\"\(number(to + 2))\" y=\"\(number(top + Self.rowHeight / 2))\" dominant-baseline=\"central\">✕</text>"
                : ""
            return
                "<rect x=\"\(number(from))\" y=\"\(number(top + 3))\" width=\"\(number(max(to - from, 0.5)))\" "
                + "height=\"\(number(Self.rowHeight - 6))\" fill=\"\(color)\"><title>\(title)</title></rect>\(mark)"
        }
        let label =
            "<text class=\"y\" x=\"\(number(Self.left - 8))\" y=\"\(number(top + Self.rowHeight / 2))\">\(HTML.escape(row.worker))</text>"
        return label + bars.joined()
    }

    private func axis(_ bottom: Double) -> String {
        let ticks = Ticks.values(0...(end - start), most: 10)
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
        let marks = ticks.map { tick in
            let x = number(horizontal(start + tick))
            return "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"\(number(bottom))\"/>"
                + "<text class=\"x\" x=\"\(x)\" y=\"\(number(bottom + 14))\">\(Ticks.label(tick, step: step))</text>"
        }
        let middle = number((Self.left + Self.width - 10) / 2)
        return marks.joined()
            + "<text class=\"x\" x=\"\(middle)\" y=\"\(number(bottom + 30))\">Seconds since the first work</text>"
    }

    private static func color(_ stage: Int) -> String { colors[min(stage, colors.count - 1)] }

    private func horizontal(_ time: Double) -> Double {
        Self.left + (time - start) / (end - start) * (Self.width - Self.left - 10)
    }
}

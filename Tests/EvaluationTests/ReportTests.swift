import ClinicalData
import Evaluation
import Foundation
import FoundationXML
import Groundwork
import Reports
import Testing

/// The report is one well-formed file that tells everything about a run except small counts of people.
struct ReportTests {
    @Test func hasEverySection() {
        let html = HTMLReport(Self.summary()).html()
        for title in [
            "Results", "Samples per label", "Attrition", "Training", "Loss", "Validation metrics",
            "Predictions on the test split", "ROC", "Precision–recall", "Calibration", "Samples per bin",
            "Stages",
            "Processes", "peak memory, MB", "Recoveries", "SHA-256", "Configuration",
        ] {
            #expect(html.contains(title), "\(title)")
        }
        for value in [
            "0.8125", "412.5", "abcdef", "excluded: too young", "The parameters of epoch 1 were kept",
        ] {
            #expect(html.contains(value), "\(value)")
        }
    }

    @Test func isWellFormedAndNeedsNothingElse() throws {
        var summary = Self.summary()
        summary.name = "<script>alert('&\"')</script>"
        summary.configuration = "a: <b> & 'c'"
        let html = HTMLReport(summary).html()
        for forbidden in ["http", "<script", "<link", "<img", "url(", "@import"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        let body = html.replacing("<!DOCTYPE html>", with: "").replacing(#/<meta[^>]*>/#, with: "")
        let parser = XMLParser(data: Data(body.utf8))
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        #expect(html.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)"))
    }

    @Test func hidesSmallCountsAndWhatWouldGiveThemAway() {
        #expect(SmallCells.texts(addends: [0, 10, 11, 500]) == ["0", "<11", "withheld", "500"])
        #expect(SmallCells.texts(addends: [1, 10, 500]) == ["<11", "<11", "500"])
        #expect(SmallCells.texts(addends: [0, 11]) == ["0", "11"])
        #expect(SmallCells.texts(addends: [7]) == ["<11"])
        var summary = Self.summary()
        summary.attrition = [
            .init("in", patients: 1007, visits: 2000), .init("excluded: rare", patients: 7, visits: 0),
            .init("out", patients: 1000, samples: 2000),
        ]
        let html = HTMLReport(summary).html()
        #expect(html.contains("<td class=\"number\">&lt;11</td>"))
        #expect(!html.contains("<td class=\"number\">7</td>"))
        #expect(!html.contains("<td class=\"number\">1000</td>"))
    }

    @Test func withholdsMetricsAndCurvesOfAHandfulOfSamples() {
        var summary = Self.summary(samples: 15)
        summary.parts[0].samples = 9
        let html = HTMLReport(summary).html()
        #expect(html.contains("withheld"))
        #expect(html.contains("Curves are drawn only where both classes have at least 11 samples"))
        #expect(!html.contains("aria-label=\"ROC\""))
    }

    @Test func saysUndefinedWhereAMetricHasNoValue() {
        var summary = Self.summary()
        summary.parts[0].metrics[0].value = nil
        #expect(HTMLReport(summary).html().contains("<td class=\"number\">undefined</td>"))
    }

    @Test func drawsAClassAgainstTheRestAndAConfusionTable() {
        var summary = Self.summary()
        let (count, classes) = (300, 3)
        var stream = RandomStream(seed: 11, purpose: .test)
        let truth = (0..<count).map { Double($0 % classes) }
        let probabilities = (0..<count).flatMap { row -> [Double] in
            let raw = (0..<classes).map { k in
                0.2 + Double.random(in: 0..<1, using: &stream) + (Double(k) == truth[row] ? 0.5 : 0)
            }
            return raw.map { $0 / raw.reduce(0, +) }
        }
        summary.predictions = (
            "val", Predictions(mode: .multiclass, width: classes, truth: truth, probabilities: probabilities)
        )
        let html = HTMLReport(summary).html()
        #expect(html.contains("one class against the rest"))
        #expect(html.contains("class 2, area 0."))
        #expect(html.contains("Confusion"))
    }

    @Test func leavesOutWhatARunDidNotReach() {
        var summary = RunSummary()
        summary.name = "until samples"
        summary.attrition = [
            .init("in", patients: 100, visits: 200), .init("out", patients: 100, samples: 200),
        ]
        summary.labels = [("0", 150), ("1", 50)]
        let html = HTMLReport(summary).html()
        #expect(html.contains("Attrition"))
        #expect(html.contains("Samples per label"))
        for title in ["Results", "Training", "Predictions", "Processes"] {
            #expect(!html.contains("<h2>\(title)"), "\(title)")
        }
    }

    /// A run with random scores that carry some signal.
    private static func summary(samples: Int = 400) -> RunSummary {
        var summary = RunSummary()
        summary.name = "a run"
        summary.facts = [("Model", "RNN")]
        summary.attrition = [
            .init("in", patients: 500, visits: 900), .init("excluded: too young", patients: 100, visits: 200),
            .init("out", patients: 400, samples: 700),
        ]
        summary.history = [
            .init("train_loss", [0.7, 0.5]), .init("val_loss", [0.6, nil]), .init("val_roc_auc", [0.6, 0.7]),
        ]
        summary.bestEpoch = 1
        summary.parts = [
            .init(
                split: "test", samples: samples, patients: samples, labels: ["0": 300, "1": 100], loss: 0.3,
                metrics: [("roc_auc", 0.8125)])
        ]
        var stream = RandomStream(seed: 7, purpose: .test)
        let truth = (0..<samples).map { $0.isMultiple(of: 4) ? 1.0 : 0 }
        summary.predictions = (
            "test",
            Predictions(
                mode: .binary, width: 1, truth: truth,
                probabilities: truth.map { 0.6 * Double.random(in: 0..<1, using: &stream) + 0.4 * $0 })
        )
        summary.stages = [.init(name: "scan", shards: 4, seconds: 1.5, computeSeconds: 3, bytes: 1000)]
        summary.processes = [
            .init(role: "worker", host: "h", pid: 4711, peakBytes: 412_500_000, cpuSeconds: 2)
        ]
        summary.recoveries = [("workers lost", 2)]
        summary.files = [.init(name: "metrics.json", bytes: 10, sha256: "abcdef")]
        summary.configuration = "model: {name: RNN}"
        return summary
    }
}

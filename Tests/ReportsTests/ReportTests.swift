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
            "0.8125", "412.5", "abcdef", "excluded: too young",
            "Predictions and metrics are by the parameters of epoch 1.",
        ] {
            #expect(html.contains(value), "\(value)")
        }
    }

    @Test func drawsWhatWorkersDidAndMarksTheLostOne() {
        var summary = Self.summary()
        summary.timeline = [
            .init(worker: "node1, pid 7", stage: "scan", start: 100, end: 104, isLost: false),
            .init(worker: "node<2>, pid 8", stage: "train", start: 102, end: 112, isLost: true),
        ]
        let html = HTMLReport(summary).html()
        #expect(html.contains("<h2>Workers over time</h2>"))
        #expect(html.contains("<title>scan, 4.0 s</title>") && html.contains("<title>train, 10.0 s</title>"))
        #expect(html.contains("node&lt;2&gt;, pid 8") && html.components(separatedBy: "✕").count - 1 == 2)
        #expect(html.contains("100 %"))
        summary.timeline = []
        #expect(!HTMLReport(summary).html().contains("Workers over time"))
    }

    @Test func isWellFormedAndNeedsNothingElse() throws {
        var summary = Self.summary()
        summary.name = "<script>alert('&\"')</script>"
        summary.configuration = "a: <b> & 'c'"
        summary.timeline = [.init(worker: "a & b", stage: "<c>", start: 0, end: 1, isLost: true)]
        let html = HTMLReport(summary).html()
        for forbidden in ["http", "<script", "<link", "<img", "url(", "@import"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        let body = html.replacing("<!DOCTYPE html>", with: "").replacing(#/<meta[^>]*>/#, with: "")
        let parser = XMLParser(data: Data(body.utf8))
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        #expect(html.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)"))
    }

    @Test func hidesSmallCountsOfTheAttritionAndTheTotalThatWouldGiveThemAway() {
        var summary = Self.summary()
        summary.attrition = [
            .init("in", patients: 1007, visits: 2000), .init("excluded: rare", patients: 7, visits: 0),
            .init("out", patients: 1000, samples: 2000),
        ]
        let html = HTMLReport(summary).html()
        #expect(html.contains("<td class=\"number\">&lt;11</td>"))
        #expect(!html.contains("<td class=\"number\">7</td>"))
        #expect(!html.contains("1007"))
        // The rest stays: the parts of the split sum to it anyway.
        #expect(html.contains("<td class=\"number\">1000</td>"))
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

    @Test func drawsEveryClassThatHasEnoughSamplesAndNamesTheOthers() {
        // Classes 0 to 6 have 40 samples each, class 7 has 4.
        let truth = (0..<280).map { Double($0 % 7) } + Array(repeating: 7.0, count: 4)
        let html = Self.multiclass(truth: truth, predicted: truth.map { Int($0) }, classes: 8)
        for k in 0..<7 { #expect(html.contains("class \(k), area 1.000"), "class \(k)") }
        #expect(!html.contains("class 7, area"))
        #expect(html.contains("for fewer than 11 samples: class 7."))
    }

    @Test func withholdsTheCurvesOfAHandfulOfSamples() {
        var summary = Self.summary()
        summary.history = ["train_loss", "val_loss", "val_roc_auc"].map {
            .init($0, [0.1234, 0.4321])
        }
        summary.parts = [("train", 700), ("val", 9), ("test", 291)].map {
            .init(split: $0, samples: $1, patients: $1, labels: [:], loss: 0.5, metrics: [])
        }
        let html = HTMLReport(summary).html()
        #expect(html.contains("train_loss") && !html.contains("val_loss") && !html.contains("val_roc_auc"))
        #expect(html.contains("Curves of parts with fewer than 11 samples are withheld."))
        let parts = summary.parts
        (summary.parts, summary.sizes) = ([], parts.map { ($0.split, $0.samples) })
        #expect(!HTMLReport(summary).html().contains("val_loss"))
        summary.parts = parts
        summary.parts[1].samples = 11
        #expect(HTMLReport(summary).html().contains("val_roc_auc"))
    }

    @Test func withholdsASecondCellOfAConfusionRowWhoseSumIsTold() {
        // Of 100 samples of class 0, 60 are taken for class 0, 37 for class 1 and 3 for class 2.
        let truth = Array(repeating: 0.0, count: 100) + Array(repeating: 1.0, count: 50)
        let predicted = (0..<100).map { $0 < 60 ? 0 : $0 < 97 ? 1 : 2 } + Array(repeating: 1, count: 50)
        let html = Self.multiclass(truth: truth, predicted: predicted, classes: 3)
        let row = ["60", "withheld", "&lt;11"].map { "<td class=\"number\">\($0)</td>" }.joined()
        #expect(html.contains("<tr><td>0</td>\(row)</tr>"))
        #expect(!html.contains(">37<") && !html.contains(">3<"))
    }

    @Test func leavesOutASecondBinWhereOneIsSmall() {
        // 200 samples at 0.05, 100 at 0.15 and 5 at 0.95.
        let scores = [(0.05, 200), (0.15, 100), (0.95, 5)].flatMap { Array(repeating: $0, count: $1) }
        var summary = Self.summary()
        summary.predictions = (
            "test",
            Predictions(
                mode: .binary, width: 1, truth: scores.indices.map { Double($0 % 2) }, probabilities: scores)
        )
        let html = HTMLReport(summary).html()
        #expect(html.contains("one that would give such a bin away"))
        #expect(html.contains("<title>0.05, 0.6557</title>"))
        for hidden in ["0.15, 0.3279", "0.95, 0.01639"] {
            #expect(!html.contains("<title>\(hidden)</title>"))
        }
    }

    @Test func hidesASmallPartOfTheSplitFromSubtraction() {
        var summary = Self.summary()
        summary.attrition = []
        summary.parts = [("train", 700), ("val", 9), ("test", 291)].map {
            .init(split: $0, samples: $1, patients: $1, labels: [:], loss: 0.5, metrics: [])
        }
        let html = HTMLReport(summary).html()
        let cells = ["700", "&lt;11", "withheld"].map { "<td class=\"number\">\($0)</td>" }.joined()
        #expect(html.contains("<td>samples</td>\(cells)"))
        #expect(html.contains("<td>patients</td>\(cells)"))
    }

    @Test func isTheSameTextForTheSameRun() {
        #expect(HTMLReport(Self.summary()).html() == HTMLReport(Self.summary()).html())
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

    /// The report of predictions that give 0.9 to one class each.
    private static func multiclass(truth: [Double], predicted: [Int], classes: Int) -> String {
        var summary = summary()
        let rest = 0.1 / Double(classes - 1)
        let probabilities = predicted.flatMap { top in (0..<classes).map { $0 == top ? 0.9 : rest } }
        summary.predictions = (
            "test",
            Predictions(mode: .multiclass, width: classes, truth: truth, probabilities: probabilities)
        )
        return HTMLReport(summary).html()
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
        summary.keptEpoch = 1
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

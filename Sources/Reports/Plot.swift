import Foundation

/// A plot as SVG: axes with round ticks, lines, dots and bars, with a legend below.
///
/// Colours are Okabe and Ito's, distinguishable with any colour vision; axes take the page's text colour.
struct Plot {
    /// How a series is drawn.
    enum Mark { case line, dashed, dots, bars }

    /// Points with a name for the legend; series without a name are not in it.
    struct Series {
        var name: String
        var mark: Mark
        var points: [(x: Double, y: Double)]
        /// Number of a colour; negative: grey.
        var color: Int
    }

    var title: String
    var xLabel: String
    var yLabel: String
    /// Ends of the axes; nil: from the points.
    var xRange: ClosedRange<Double>?
    var yRange: ClosedRange<Double>?
    var series: [Series]
    var height = 300.0
    /// Ticks on the x axis only at whole numbers.
    var wholeX = false

    private static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    private static let width = 440.0
    private static let margin = (left: 58.0, right: 14.0, top: 12.0, bottom: 44.0)

    /// The plot as a figure with its caption and legend.
    func figure() -> String {
        let legend = series.filter { !$0.name.isEmpty }.map {
            "<span><i style=\"background:\(Self.color($0.color))\"></i>\(HTML.escape($0.name))</span>"
        }.joined(separator: " ")
        return """
            <figure><h3>\(HTML.escape(title))</h3>
            \(svg())
            <figcaption>\(legend)</figcaption></figure>

            """
    }

    private static func color(_ number: Int) -> String {
        number < 0 ? "#888888" : colors[number % colors.count]
    }

    private func svg() -> String {
        let (x, y) = (
            axis(xRange, series.flatMap { $0.points.map(\.x) }),
            axis(yRange, series.flatMap { $0.points.map(\.y) })
        )
        let place = Placement(x: x, y: y, width: Self.width, height: height, margin: Self.margin)
        return """
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" aria-label="\(HTML.escape(title))">
            \(axes(place))
            \(series.map { drawn($0, place) }.joined(separator: "\n"))
            </svg>
            """
    }

    private func axis(_ given: ClosedRange<Double>?, _ values: [Double]) -> ClosedRange<Double> {
        if let given { return given }
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return 0...1 }
        let room = high > low ? (high - low) * 0.05 : max(abs(high) * 0.1, 0.5)
        return (low - room)...(high + room)
    }

    private func axes(_ place: Placement) -> String {
        var parts: [String] = []
        let xTicks = Ticks.values(place.x).filter { !wholeX || $0 == $0.rounded() }
        let yTicks = Ticks.values(place.y)
        let (left, bottom) = (Self.margin.left, height - Self.margin.bottom)
        for tick in yTicks {
            let y = number(place.vertical(tick))
            parts.append(
                "<line class=\"grid\" x1=\"\(number(left))\" x2=\"\(number(Self.width - Self.margin.right))\" y1=\"\(y)\" y2=\"\(y)\"/>"
                    + "<text x=\"\(number(left - 8))\" y=\"\(y)\" class=\"y\">\(Ticks.label(tick, step: step(yTicks)))</text>"
            )
        }
        for tick in xTicks {
            let x = number(place.horizontal(tick))
            parts.append(
                "<line class=\"axis\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(number(bottom))\" y2=\"\(number(bottom + 5))\"/>"
                    + "<text x=\"\(x)\" y=\"\(number(bottom + 18))\" class=\"x\">\(Ticks.label(tick, step: step(xTicks)))</text>"
            )
        }
        parts.append(
            "<path class=\"axis\" d=\"M\(number(left)) \(number(Self.margin.top))V\(number(bottom))H\(number(Self.width - Self.margin.right))\"/>"
        )
        let middle = (Self.margin.top + bottom) / 2
        parts.append(
            "<text class=\"x\" x=\"\(number((left + Self.width - Self.margin.right) / 2))\" y=\"\(number(height - 6))\">\(HTML.escape(xLabel))</text>"
        )
        parts.append(
            "<text class=\"x\" transform=\"translate(13 \(number(middle))) rotate(-90)\">\(HTML.escape(yLabel))</text>"
        )
        return parts.joined(separator: "\n")
    }

    private func drawn(_ series: Series, _ place: Placement) -> String {
        let color = Self.color(series.color)
        let points = series.points.filter { $0.x.isFinite && $0.y.isFinite }
            .map { (x: place.horizontal($0.x), y: place.vertical($0.y), value: $0) }
        switch series.mark {
        case .line, .dashed:
            let path = points.map { "\(number($0.x)) \(number($0.y))" }.joined(separator: "L")
            let dash = series.mark == .dashed ? " stroke-dasharray=\"5 4\"" : ""
            return path.isEmpty
                ? "" : "<path d=\"M\(path)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"\(dash)/>"
        case .dots:
            return points.map {
                "<circle cx=\"\(number($0.x))\" cy=\"\(number($0.y))\" r=\"4\" fill=\"\(color)\"><title>\(value($0.value))</title></circle>"
            }.joined()
        case .bars:
            let bottom = height - Self.margin.bottom
            let width = (place.horizontal(1) - place.horizontal(0)) / Double(max(1, series.points.count)) - 2
            return points.map {
                "<rect x=\"\(number($0.x - width / 2))\" y=\"\(number($0.y))\" width=\"\(number(width))\" height=\"\(number(bottom - $0.y))\" fill=\"\(color)\"><title>\(value($0.value))</title></rect>"
            }.joined()
        }
    }

    private func value(_ point: (x: Double, y: Double)) -> String {
        String(format: "%.4g, %.4g", point.x, point.y)
    }

    private func step(_ ticks: [Double]) -> Double { ticks.count > 1 ? ticks[1] - ticks[0] : 1 }
}

/// Where values lie on the plot.
private struct Placement {
    let x: ClosedRange<Double>
    let y: ClosedRange<Double>
    let width: Double
    let height: Double
    let margin: (left: Double, right: Double, top: Double, bottom: Double)

    func horizontal(_ value: Double) -> Double {
        margin.left + (value - x.lowerBound) / (x.upperBound - x.lowerBound)
            * (width - margin.left - margin.right)
    }

    func vertical(_ value: Double) -> Double {
        height - margin.bottom
            - (value - y.lowerBound) / (y.upperBound - y.lowerBound) * (height - margin.top - margin.bottom)
    }
}

/// A coordinate with one decimal.
func number(_ value: Double) -> String { String(format: "%.1f", value) }

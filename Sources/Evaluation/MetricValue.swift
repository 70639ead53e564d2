/// A metric's value, or why it has none.
package enum MetricValue: Sendable, Equatable {
    case value(Double)
    /// The metric is not defined for these samples, for example with one class only.
    case undefined(String)

    /// The number, nil where undefined.
    package var number: Double? {
        if case .value(let number) = self { number } else { nil }
    }

    /// A value that may be NaN.
    static func of(_ number: Double, orUndefined reason: @autoclosure () -> String) -> MetricValue {
        number.isFinite ? .value(number) : .undefined(reason())
    }
}

/// A named metric value.
package struct MetricResult: Sendable, Equatable {
    package var name: String
    package var value: MetricValue

    package init(_ name: String, _ value: MetricValue) {
        self.name = name
        self.value = value
    }
}

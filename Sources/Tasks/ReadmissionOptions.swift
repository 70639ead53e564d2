import ClinicalData
import Groundwork

/// The options of tasks that ask whether a patient comes back.
package struct ReadmissionOptions: Sendable, Equatable {
    /// The names in run files.
    static let names = ["window", "exclude_minors"]
    /// Length of the window in days.
    package var window: Double
    /// Whether visits before the age of 18 are left out.
    package var excludeMinors = true

    /// Throws `ConfigurationError` for options that are out of range or of a wrong type.
    init(_ node: ConfigurationNode, window: Double) throws {
        self.window = try node.child("window")?.double(in: 0...36_500) ?? window
        excludeMinors = try node.child("exclude_minors")?.bool() ?? true
    }

    init(window: Double, excludeMinors: Bool) { (self.window, self.excludeMinors) = (window, excludeMinors) }

    /// Whether a patient discharged at one moment and admitted at another comes back within the window (strictly; negative gaps
    /// count).
    func contains(_ admitted: Timestamp, after discharged: Timestamp) -> Bool {
        admitted.isLess(thanDays: window, after: discharged)
    }
}

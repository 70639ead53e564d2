import ClusterRuntime
import Foundation
import Stages

/// Collects what a run was and writes `report.html`.
struct RunReport {
    let job: JobConfiguration
    let runDirectory: String
    let outcome: JobOutcome
    let seconds: Double

    /// Writes the report; returns its path, nil if the run stopped before there was anything to report.
    func write() throws -> String? { nil }
}

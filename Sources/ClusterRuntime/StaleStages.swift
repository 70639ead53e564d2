package import Groundwork

/// Thrown by a driver whose finished stages do not belong to their ids, for example since a source was changed while it was read.
///
/// The coordinator puts their manifests aside and ends with ``cause``; whoever goes on computes them again.
package struct StaleStages: Error {
    /// The number of the first such stage, 0-based; those after it are computed from it.
    package let first: Int
    /// What the job ends with.
    package let cause: any PyHealthError

    /// Stages from `first` on are not what their ids say.
    package init(first: Int, cause: any PyHealthError) {
        self.first = first
        self.cause = cause
    }
}

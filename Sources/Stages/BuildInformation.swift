import Layers

/// What this program was built from and how its arithmetic behaves.
package enum BuildInformation {
    /// The version.
    package static let version = "0.1.0"

    /// What coordinator and workers must share: the version, and that of what stages compute and tell each other.
    package static let build = "\(version)-\(OperationVersion.current)"

    private static let fingerprint = NumericFingerprint.current()

    /// The results of the numeric self-test with the kernels in force; members of one run must share them.
    package static var numericFingerprint: String { fingerprint.description }

    /// What to tell people where this machine lacks instructions and portable kernels are in force; nil elsewhere.
    package static var kernelNotice: String? { fingerprint.notice }

    /// The linear algebra kernels in force.
    package static var linearAlgebraCore: String { fingerprint.core }
}

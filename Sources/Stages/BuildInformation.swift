import Layers

/// What this program was built from and how its arithmetic behaves.
package enum BuildInformation {
    /// The version; coordinator and workers must share it.
    package static let version = "0.1.0"

    /// The results of the numeric self-test with the kernels in force; members of one run must share them.
    package static let numericFingerprint = NumericFingerprint.current().description

    /// What to tell people where this machine lacks instructions and portable kernels are in force; nil elsewhere.
    package static var kernelNotice: String? { NumericFingerprint.current().notice }

    /// The linear algebra kernels in force.
    package static var linearAlgebraCore: String { NumericFingerprint.current().core }
}

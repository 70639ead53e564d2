package import Groundwork

/// What can go wrong between coordinator and workers.
package enum ClusterError: PyHealthError {
    /// Nobody answers.
    case unavailable(reason: String)

    package var code: String {
        switch self {
        case .unavailable: "cluster.unavailable"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .unavailable: .unavailable
        }
    }

    package var message: String {
        switch self {
        case .unavailable(let reason): reason
        }
    }
}

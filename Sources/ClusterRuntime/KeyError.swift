package import Groundwork

/// What can be wrong with keys and protection.
package enum KeyError: PyHealthError {
    /// There is something already where keys were to be made.
    case exists(path: String)
    /// A key file is not there.
    case missing(path: String)
    /// A key file holds no key.
    case malformed(path: String)
    /// A secret key may be read by anybody.
    case exposed(path: String, mode: String)
    /// The coordinator's folder admits nobody.
    case nobodyAdmitted(path: String)
    /// TCP without protection, where others could listen.
    case insecure(endpoint: String)
    /// Protection was both given and declined.
    case contradiction
    /// A worker was given no keys.
    case noKeys(endpoint: String)
    /// The coordinator does not admit this worker.
    case refused(endpoint: String, keys: String)
    /// The two sides do not agree on protection.
    case mismatch(endpoint: String, isProtected: Bool)

    package var code: String {
        switch self {
        case .exists: "keys.exist"
        case .missing: "keys.missing"
        case .malformed: "keys.malformed"
        case .exposed: "keys.exposed"
        case .nobodyAdmitted: "keys.nobody-admitted"
        case .insecure: "keys.insecure"
        case .contradiction: "keys.contradiction"
        case .noKeys: "keys.none"
        case .refused: "keys.refused"
        case .mismatch: "keys.mismatch"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .exists: .cannotCreate
        case .missing, .malformed, .nobodyAdmitted, .insecure, .contradiction, .noKeys: .configuration
        case .exposed, .refused, .mismatch: .notPermitted
        }
    }

    package var message: String {
        switch self {
        case .exists(let path):
            "Keys are not made: \"\(path)\" is there already. Choose another folder; keys are never overwritten."
        case .missing(let path):
            "The key file \"\(path)\" is not there. Make keys with pyhealth-coord keygen DIR, and copy to each machine what "
                + "it needs: coordinator.pub and worker.key for workers."
        case .malformed(let path):
            "The key file \"\(path)\" holds no key. Expected lines \"public KEY\" and, in a .key file, \"secret KEY\" with "
                + "40 characters of Z85, as pyhealth-coord keygen writes them."
        case .exposed(let path, let mode):
            "The secret key \"\(path)\" can be read or changed by others (mode \(mode)). Use chmod 600, and make new keys if "
                + "others have had access to this machine."
        case .nobodyAdmitted(let path):
            "No worker would be admitted: there is no .pub file in \"\(path)\". Copy the workers' public keys there."
        case .insecure(let endpoint):
            "--insecure is for tcp://127.0.0.1, tcp://[::1], tcp://localhost and ipc:// only, got \"\(endpoint)\": anybody "
                + "who reaches it could take part and read along. Use --keys DIR (pyhealth-coord keygen DIR makes them)."
        case .contradiction: "--keys and --insecure exclude each other. Give one of them."
        case .noKeys(let endpoint):
            "No keys for \"\(endpoint)\". Give --keys DIR (the folder that pyhealth-coord keygen made), or --output with the "
                + "run's folder, in which the coordinator keeps keys of its own."
        case .refused(let endpoint, let keys):
            "The coordinator at \"\(endpoint)\" does not admit this worker's key (\(keys)). Copy the worker's .pub file to "
                + "workers/ in the coordinator's --keys folder and start the coordinator again, or use the keys it has."
        case .mismatch(let endpoint, let isProtected):
            isProtected
                ? "There is no coordinator with this server key at \"\(endpoint)\": the connection is not accepted. Compare "
                    + "coordinator.pub with the one in the coordinator's --keys folder, and look whether it runs with "
                    + "--insecure."
                : "The coordinator at \"\(endpoint)\" wants keys. Give --keys DIR or --output with the run's folder instead of "
                    + "--insecure."
        }
    }
}

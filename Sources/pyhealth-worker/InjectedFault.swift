import Foundation

/// A fault that tests ask for: the process is killed once, at a chosen place.
///
/// `PYHEALTH_FAULT=<stage>[:<phase>]` names a stage, or a phase of the training; `PYHEALTH_FAULT_MARKER` names a file whose
/// exclusive creation decides which process is killed.
struct InjectedFault {
    private let stage: String
    private let phase: Int?
    private let marker: String

    /// The fault of the environment, nil if there is none.
    static let current: InjectedFault? = {
        let environment = ProcessInfo.processInfo.environment
        guard let text = environment["PYHEALTH_FAULT"], let marker = environment["PYHEALTH_FAULT_MARKER"]
        else {
            return nil
        }
        let parts = text.split(separator: ":").map(String.init)
        return InjectedFault(stage: parts[0], phase: parts.count > 1 ? Int(parts[1]) : nil, marker: marker)
    }()

    /// Kills this process if it is at the chosen place and the first to be there.
    func strike(stage: String, phase: Int? = nil) {
        guard stage == self.stage, phase == self.phase else { return }
        let descriptor = open(marker, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { return }
        close(descriptor)
        kill(getpid(), SIGKILL)
    }
}

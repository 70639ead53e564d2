import CProcess
import Foundation
package import Groundwork

/// What both commands do first: nothing of patients' data may be left to others.
package enum ProcessHardening {
    /// Descriptors that a process uses beside four per other process.
    static let spareDescriptors = 64

    /// No core dumps, nothing for other users of the machine in any file, as many descriptors as are allowed.
    ///
    /// Group rights stay as the umask has them, except writing: documented modes are 0640 and 0750.
    package static func apply() {
        openStandardDescriptors()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = process_forbid_dumps()
        forbidTraces()
        umask(umask(0o077) | 0o027)
        // A limit on the size of files becomes an error of the write that meets it.
        signal(SIGXFSZ, SIG_IGN)
        raiseDescriptors()
    }

    /// A standard descriptor that the caller has closed would be the number of the next file that is opened, and messages would
    /// go into it.
    private static func openStandardDescriptors() {
        for standard in 0...2 where fcntl(Int32(standard), F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    }

    /// A crash prints no memory: Swift's trace shows registers and what they point at. Who looks for a fault of the program
    /// sets `SWIFT_BACKTRACE`.
    private static func forbidTraces() {
        guard getenv("SWIFT_BACKTRACE") == nil else { return }
        for fault in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV] { signal(fault, SIG_DFL) }
    }

    /// Throws ``ProcessLimitError`` if there are too few descriptors for `processes` other processes.
    package static func requireDescriptors(processes: Int) throws {
        let needed = 4 * processes + spareDescriptors
        guard descriptors >= needed else {
            throw ProcessLimitError(descriptors: descriptors, needed: needed, processes: processes)
        }
    }

    /// Whether a crash could write this process's memory to a file.
    package static var isDumpable: Bool { process_is_dumpable() != 0 }

    private static var descriptors: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    private static func raiseDescriptors() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// The system allows too few file descriptors.
package struct ProcessLimitError: PyHealthError {
    /// Descriptors allowed and needed, and the number of processes to talk to.
    package let (descriptors, needed, processes): (Int, Int, Int)

    init(descriptors: Int, needed: Int, processes: Int) {
        (self.descriptors, self.needed, self.processes) = (descriptors, needed, processes)
    }

    package var code: String { "cluster.descriptors" }
    /// ``ExitStatus/configuration``.
    package var exitStatus: ExitStatus { .configuration }
    package var message: String {
        "Too few file descriptors: \(processes) processes need \(needed), the system allows \(descriptors). Raise the hard "
            + "limit (ulimit -Hn, LimitNOFILE= in a unit), or use fewer workers."
    }
}

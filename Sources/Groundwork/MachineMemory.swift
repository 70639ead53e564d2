import Foundation

/// How much memory a process may have.
package enum MachineMemory {
    /// Bytes: those of the machine, of the control group or of the process's own limit, whichever are fewest.
    package static var limit: UInt64 {
        var limits = [ProcessInfo.processInfo.physicalMemory]
        if let text = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8),
            let group = UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines))
        {
            limits.append(group)
        }
        var own = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &own) == 0 {
            limits.append(UInt64(own.rlim_cur))
        }
        return limits.min() ?? .max
    }
}

import ClusterProtocol
import Foundation

/// What the system says about processes.
enum SystemFacts {
    /// This process's peak memory and CPU time.
    ///
    /// The peak comes from `VmHWM`: `ru_maxrss` of a spawned process begins with its parent's.
    static func usage() -> WireUsage {
        var usage = WireUsage()
        usage.peakResidentBytes = peakResidentBytes()
        var times = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &times) == 0 {
            usage.cpuSeconds = seconds(times.ru_utime) + seconds(times.ru_stime)
        }
        return usage
    }

    /// The time at which a process started (field 22 of its `stat`), nil if there is none.
    static func startTime(of pid: Int32) -> UInt64? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        // A zombie is no living process; fields start with the state, number 3.
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return UInt64(fields[19])
    }

    /// Seconds of a clock that only goes forward.
    static func now() -> Seconds {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Seconds(time.tv_sec) + Seconds(time.tv_nsec) * 1e-9
    }

    /// The machine's name.
    static let host = ProcessInfo.processInfo.hostName

    private static func peakResidentBytes() -> UInt64 {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            let digits = line.filter { $0.isNumber }
            return (UInt64(digits) ?? 0) * 1024
        }
        return 0
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) * 1e-6
    }
}

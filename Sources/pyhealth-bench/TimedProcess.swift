import ArgumentParser
import Foundation

/// What a command cost, with all processes that it started.
struct TimedProcess {
    /// Seconds from start to end.
    let seconds: Double
    /// User and system time of all processes.
    let cpuSeconds: Double
    /// Resident memory of the largest process, MB (10⁶ bytes).
    let peakMegabytes: Double

    /// Runs `executable` to its end with the given variables unset; throws if it fails.
    init(_ executable: String, _ arguments: [String], unset: Set<String> = ["OPENBLAS_CORETYPE"]) throws {
        let variables = ProcessInfo.processInfo.environment.filter { !unset.contains($0.key) }
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        let started = DispatchTime.now()
        // Only the figures of the measured command count, not what it prints.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var pid: pid_t = 0
        guard posix_spawn(&pid, executable, &actions, nil, &argv, &envp) == 0 else {
            throw ValidationError("\(executable) cannot be started.")
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 && errno == EINTR {}
        guard status == 0 else {
            throw ValidationError("\(executable) \(arguments.joined(separator: " ")) failed.")
        }
        seconds = Double(DispatchTime.now().uptimeNanoseconds - started.uptimeNanoseconds) * 1e-9
        cpuSeconds = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
        peakMegabytes = Double(usage.ru_maxrss) * 1024 / 1e6
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) * 1e-6
    }
}

/// Median and spread of repeated figures.
struct Spread {
    let median: Double
    /// (largest − smallest) / median.
    let spread: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        median = sorted[sorted.count / 2]
        spread = (sorted[sorted.count - 1] - sorted[0]) / abs(median)
    }

    /// The figure with half its spread.
    func text(_ format: String) -> String {
        String(format: format, median) + String(format: " ±%.0f %%", spread * 50)
    }
}

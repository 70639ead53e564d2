import ArgumentParser
import ClusterRuntime
import Foundation
import Groundwork
import HDF5
import Stages
import ZeroMQ

/// `pyhealth-coord doctor`: is this machine ready, and what is to be mended.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks machine, libraries, limits, disk and locking, and says what to mend.",
        discussion: """
            Ends with status 1 if something must be mended. For example:

              pyhealth-coord doctor --output /shared/runs --root /data/mimic4
            """)

    @Option(help: "A folder for runs; it is created if missing.")
    var output = "."

    @Option(help: "A data set's folder that runs will read.")
    var root: String?

    func run() throws {
        try reporting {
            let checks = MachineChecks(output: output, root: root).all
            for check in checks { print("\(check.verdict.word)  \(check.name): \(check.finding)") }
            if checks.contains(where: { $0.verdict == .bad }) { throw ExitCode(1) }
        }
    }
}

/// What `doctor` looks at.
struct MachineChecks {
    enum Verdict {
        case good, doubtful, bad
        var word: String {
            switch self {
            case .good: "ok  "
            case .doubtful: "note"
            case .bad: "MEND"
            }
        }
    }

    struct Check {
        var name: String
        var verdict: Verdict
        var finding: String
    }

    let output: String
    let root: String?

    /// All checks in order; those of the output folder are left out where it cannot be made.
    var all: [Check] {
        [processor, libraries, memory, openFiles, worker] + outputFolder + [socketPath]
            + (root.map { [reading($0)] } ?? [])
    }

    private var outputFolder: [Check] {
        do {
            try Files.createFolder(output)
            return [disk, try writing, locking]
        } catch {
            let reason = (error as? any PyHealthError)?.message ?? "it cannot be written"
            return [Check(name: "output folder", verdict: .bad, finding: reason)]
        }
    }

    private var processor: Check {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        if let notice = BuildInformation.kernelNotice {
            return Check(name: "processor", verdict: .doubtful, finding: "\(cores) cores; \(notice)")
        }
        return Check(
            name: "processor", verdict: .good,
            finding: "\(cores) cores, kernels \(BuildInformation.linearAlgebraCore)")
    }

    private var memory: Check {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let free = (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) * 1024
        let limits = [addressSpace, controlGroup].compactMap { $0 }
        let available = limits.map(\.bytes).reduce(free, min)
        let limit = limits.first { $0.bytes == available }.map { " (\($0.name))" } ?? ""
        let isEnough = available > 512 << 20
        return Check(
            name: "memory", verdict: isEnough ? .good : .bad,
            finding: "\(bytes(available)) available\(limit)"
                + (isEnough ? "" : ". Free some, or raise the limit: a worker takes 100 MB and more."))
    }

    /// What `ulimit -v` leaves to a process.
    private var addressSpace: (name: String, bytes: Int)? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
            limit.rlim_cur < rlim_t(Int.max)
        else {
            return nil
        }
        return ("ulimit -v", Int(limit.rlim_cur))
    }

    /// What the container or batch system leaves to all processes together: the least limit of this process's control groups.
    private var controlGroup: (name: String, bytes: Int)? {
        let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        guard let line = own.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        var folder = "/sys/fs/cgroup" + line.dropFirst(3)
        var limits: [Int] = []
        while folder.hasPrefix("/sys/fs/cgroup") {
            let text = try? String(contentsOfFile: "\(folder)/memory.max", encoding: .utf8)
            if let limit = text.flatMap({ Int($0.filter { !$0.isWhitespace }) }) { limits.append(limit) }
            folder = Files.folder(of: folder)
        }
        return limits.min().map { ("limit of the control group", $0) }
    }

    private var libraries: Check {
        let (major, minor, patch) = MessagingLibrary.version
        let versions =
            "ZeroMQ \(major).\(minor).\(patch), HDF5 \(HDF5Library.version), OpenBLAS \(BuildInformation.linearAlgebraCore)"
        do {
            try MessagingLibrary.requireCurve()
            return Check(name: "libraries", verdict: .good, finding: versions)
        } catch {
            let reason = (error as? any PyHealthError)?.message ?? "ZeroMQ has no CURVE."
            return Check(
                name: "libraries", verdict: .doubtful, finding: "\(versions); only for one machine: \(reason)"
            )
        }
    }

    private var openFiles: Check {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let isEnough = limit.rlim_cur >= 1024
        return Check(
            name: "open files", verdict: isEnough ? .good : .bad,
            finding: "\(limit.rlim_cur)" + (isEnough ? "" : ". Raise the limit: ulimit -n 4096."))
    }

    private var worker: Check {
        let isThere = access(CoordinatorOptions.installedWorker, X_OK) == 0
        return Check(
            name: "pyhealth-worker", verdict: isThere ? .good : .bad,
            finding: isThere
                ? "beside pyhealth-coord" : "not beside pyhealth-coord. Install both commands in one folder.")
    }

    private var disk: Check {
        var status = statvfs()
        guard statvfs(output, &status) == 0 else {
            return Check(
                name: "disk", verdict: .bad, finding: "cannot be read. Is the folder on a mounted disk?")
        }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let isEnough = free > 1 << 30
        return Check(
            name: "disk", verdict: isEnough ? .good : .bad,
            finding: "\(bytes(free)) free"
                + (isEnough ? "; compare with pyhealth-coord plan" : ". Free some space."))
    }

    /// Writes and flushes 16 MiB.
    private var writing: Check {
        get throws {
            let path = "\(output)/.doctor-\(getpid())"
            defer { unlink(path) }
            let start = Date()
            try AtomicFile.write(Data(count: 16 << 20), to: path)
            let rate = Double(16 << 20) / max(1e-6, Date().timeIntervalSince(start))
            let isFast = rate > 20e6
            return Check(
                name: "writing", verdict: isFast ? .good : .doubtful,
                finding: "\(bytes(Int(rate)))/s with flush"
                    + (isFast ? "" : ". This is slow: is it a network disk?"))
        }
    }

    /// Two descriptors of one file must not both hold its lock.
    private var locking: Check {
        let path = "\(output)/.doctor-lock-\(getpid())"
        let (first, second) = (
            open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600), open(path, O_RDWR | O_CLOEXEC)
        )
        defer {
            close(first)
            close(second)
            unlink(path)
        }
        let works =
            first >= 0 && second >= 0 && flock(first, LOCK_EX | LOCK_NB) == 0
            && flock(second, LOCK_EX | LOCK_NB) != 0
        return Check(
            name: "locking", verdict: works ? .good : .bad,
            finding: works
                ? "works"
                : "does not work in this folder. Mount it with locks, or two coordinators may write one run.")
    }

    private var socketPath: Check {
        do {
            let folder = try SocketPlaces.userFolder()
            let fits = SocketPlaces.hasRoom(in: folder)
            return Check(
                name: "sockets", verdict: fits ? .good : .bad,
                finding: fits
                    ? "fit into \"\(folder)\""
                    : "do not fit: set XDG_RUNTIME_DIR or TMPDIR to a shorter path.")
        } catch {
            return Check(name: "sockets", verdict: .bad, finding: "\(error) Set XDG_RUNTIME_DIR or TMPDIR.")
        }
    }

    /// Files and folders looked at, at most.
    private static let mostPaths = 100_000

    /// Whether the folder and all below it may be read; one that may not is named by the folder of the first or second level, since
    /// names further down may tell of patients.
    private func reading(_ root: String) -> Check {
        guard access(root, R_OK | X_OK) == 0 else {
            return Check(
                name: "data", verdict: .bad, finding: "cannot be read. Check the path and your rights.")
        }
        let (seen, closed) = closedPaths(below: root)
        guard let first = closed.min() else {
            let more = seen < Self.mostPaths ? "" : " (the first \(seen) files and folders)"
            return Check(name: "data", verdict: .good, finding: "can be read" + more)
        }
        let shown = first.split(separator: "/").prefix(2).joined(separator: "/")
        return Check(
            name: "data", verdict: .bad,
            finding: "\(closed.count) of \(seen) files and folders cannot be read, for example "
                + (shown == first ? "" : "one below ") + "\"\(root)/\(shown)\". Check your rights.")
    }

    /// How many files and folders there are below `root`, and those that may not be read, as paths from there.
    private func closedPaths(below root: String) -> (seen: Int, closed: [String]) {
        var (seen, closed, folders) = (0, [String](), [""])
        while let folder = folders.popLast() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
            for name in names where seen < Self.mostPaths {
                seen += 1
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                let isFolder = Files.isFolder("\(root)/\(path)")
                if access("\(root)/\(path)", isFolder ? R_OK | X_OK : R_OK) != 0 {
                    closed.append(path)
                } else if isFolder {
                    folders.append(path)
                }
            }
        }
        return (seen, closed)
    }
}

import ClusterProtocol
import Foundation
import Groundwork

/// The worker processes of this machine: started, watched, started again with bounds, and stopped at the end.
final class LocalWorkers {
    /// What happened to a process.
    enum Event {
        case started(pid: Int32, slot: Int)
        case ended(pid: Int32, slot: Int, cause: LossCause)
    }

    /// Processes in a row that end before they have joined, after which a slot is given up.
    static let mostEarlyDeaths = 5
    /// Ends of a slot's processes within ``window`` after which it is given up.
    static let mostDeaths = 20
    /// Seconds.
    static let window: Seconds = 60

    /// Why the last slot was given up; nil while some slot lives.
    private(set) var giveUp: LossCause?
    /// Processes started in place of others.
    private(set) var restarts = 0

    private let executable: String
    private let arguments: [String]
    private let environment: [String: String]
    private var slots: [Slot]
    /// Living processes of an earlier coordinator that had more of them; they were asked to end.
    private let surplus: [WireLocalProcess]

    private struct Slot {
        var pid: Int32 = 0
        /// For a process of an earlier coordinator, which is not our child: when it was started.
        var adopted: UInt64?
        var hasJoined = false
        var earlyDeaths = 0
        var deaths: [Seconds] = []
        var nextStart: Seconds = 0
        var isGivenUp = false
        var isFirst = true
    }

    /// `count` slots for `executable`; processes of an earlier coordinator that still live take the first ones, and end where
    /// there are more of them.
    init(
        count: Int, executable: String, arguments: [String], environment: [String: String],
        survivors: [WireLocalProcess]
    ) throws {
        guard count == 0 || access(executable, X_OK) == 0 else {
            throw ClusterError.noWorkerExecutable(path: executable)
        }
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        slots = Array(repeating: Slot(), count: count)
        let living = survivors.filter { process in
            Int32(exactly: process.pid).map { $0 > 1 && SystemFacts.startTime(of: $0) == process.startTime }
                ?? false
        }
        surplus = Array(living.dropFirst(count))
        for process in surplus { kill(Int32(process.pid), SIGTERM) }
        for (index, process) in living.prefix(count).enumerated() {
            slots[index].pid = Int32(process.pid)
            slots[index].adopted = process.startTime
            slots[index].isFirst = false
        }
    }

    /// The living processes, for a later coordinator.
    var processes: [WireLocalProcess] {
        slots.filter { $0.pid != 0 }.compactMap { slot in
            guard let start = SystemFacts.startTime(of: slot.pid) else { return nil }
            var process = WireLocalProcess()
            process.pid = UInt32(slot.pid)
            process.startTime = start
            return process
        }
    }

    /// Notes that a process has joined.
    func joined(pid: UInt32) {
        guard let index = slot(of: pid) else { return }
        slots[index].hasJoined = true
        slots[index].earlyDeaths = 0
    }

    /// Collects ended processes and starts missing ones.
    func tick(now: Seconds) -> [Event] {
        var events: [Event] = []
        for index in slots.indices {
            if let cause = endCause(index) {
                events.append(.ended(pid: slots[index].pid, slot: index, cause: cause))
                bury(index, cause, now: now)
            }
            if slots[index].pid == 0, !slots[index].isGivenUp, now >= slots[index].nextStart {
                if let pid = start(index, now: now) { events.append(.started(pid: pid, slot: index)) }
            }
        }
        return events
    }

    /// Ends a process that does not answer.
    func end(pid: UInt32) {
        if let index = slot(of: pid) { kill(slots[index].pid, SIGKILL) }
    }

    /// The place of the living process with a number that a worker gave: any, in what a stranger says.
    private func slot(of pid: UInt32) -> Int? {
        slots.firstIndex { $0.pid > 1 && $0.pid == Int32(exactly: pid) }
    }

    /// Ends all processes: those that joined know already and get `grace` seconds; collects them.
    func stopAll(grace: Seconds) {
        for slot in slots where slot.pid != 0 && !slot.hasJoined && slot.adopted == nil {
            kill(slot.pid, SIGTERM)
        }
        slots += surplus.map { Slot(pid: Int32($0.pid), adopted: $0.startTime) }
        var signal: Int32 = SIGTERM
        var deadline = SystemFacts.now() + grace
        while true {
            for index in slots.indices where slots[index].pid != 0 && endCause(index) != nil {
                slots[index].pid = 0
            }
            guard slots.contains(where: { $0.pid != 0 }) else { return }
            if SystemFacts.now() > deadline {
                for slot in slots where slot.pid != 0 { kill(slot.pid, signal) }
                if signal == SIGKILL, SystemFacts.now() > deadline + 5 { return }
                if signal == SIGTERM { deadline = SystemFacts.now() + 1 }
                signal = SIGKILL
            }
            usleep(3000)
        }
    }

    /// Why the slot's process has ended; nil if it lives or there is none.
    private func endCause(_ index: Int) -> LossCause? {
        let slot = slots[index]
        guard slot.pid != 0 else { return nil }
        if let started = slot.adopted {
            return SystemFacts.startTime(of: slot.pid) == started ? nil : .unreachable
        }
        var status: Int32 = 0
        let result = waitpid(slot.pid, &status, WNOHANG)
        if result == 0 { return nil }
        guard result == slot.pid else { return .unreachable }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    private func bury(_ index: Int, _ cause: LossCause, now: Seconds) {
        var slot = slots[index]
        slot.pid = 0
        slot.adopted = nil
        slot.deaths = slot.deaths.filter { now - $0 < Self.window } + [now]
        if !slot.hasJoined { slot.earlyDeaths += 1 }
        slot.nextStart = slot.hasJoined ? now : now + min(2, 0.05 * Double(1 << slot.earlyDeaths))
        slot.hasJoined = false
        let isHopeless = [.exited(64), .exited(78), .exited(127)].contains(cause)
        slot.isGivenUp =
            isHopeless || slot.earlyDeaths >= Self.mostEarlyDeaths || slot.deaths.count >= Self.mostDeaths
        slots[index] = slot
        if slots.allSatisfy(\.isGivenUp) { giveUp = cause }
    }

    private func start(_ index: Int, now: Seconds) -> Int32? {
        slots[index].nextStart = now + 1
        guard let pid = spawn() else {
            slots[index].earlyDeaths += 1
            slots[index].isGivenUp = slots[index].earlyDeaths >= Self.mostEarlyDeaths
            if slots.allSatisfy(\.isGivenUp) { giveUp = .exited(127) }
            return nil
        }
        if !slots[index].isFirst { restarts += 1 }
        slots[index].isFirst = false
        slots[index].pid = pid
        return pid
    }

    /// Open descriptors beyond the standard ones that a new program would inherit.
    private static var inheritedDescriptors: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { descriptor in
            let flags = fcntl(descriptor, F_GETFD)
            return descriptor > 2 && flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    private func spawn() -> Int32? {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C reaches the coordinator, which tells its workers.
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var standard = sigset_t()
        sigemptyset(&standard)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&standard, signal) }
        posix_spawnattr_setsigdefault(&attributes, &standard)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Workers may outlive this process: they keep nothing of it but its output.
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for descriptor in Self.inheritedDescriptors {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // A trace of a crash would print memory, which may hold what patients' records say, and outlive its process.
        let quiet = ["SWIFT_BACKTRACE": "enable=no"]
        let variables = quiet.merging(ProcessInfo.processInfo.environment) { _, new in new }
            .merging(environment) { _, new in new }
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = variables.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for text in argv + envp { free(text) }
        }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
        return status == 0 ? pid : nil
    }
}

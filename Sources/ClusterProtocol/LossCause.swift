/// Why a worker is gone.
package enum LossCause: Sendable, Equatable {
    /// Nothing was heard for this many seconds.
    case silent(Seconds)
    /// Its connection is gone and did not come back.
    case unreachable
    /// The process ended with an exit status.
    case exited(Int32)
    /// The process was ended by a signal.
    case signalled(Int32)
    /// It said goodbye.
    case left
    /// Its computation stood still for this many seconds.
    case stalled(Seconds)
    /// Its state of a training was another one than the majority's, at this position.
    case rogue(UInt64)
    /// It did what no worker does; the word says what.
    case barred(String)

    /// Whether the program itself crashed, as opposed to being ended from outside.
    package var isCrash: Bool {
        switch self {
        // ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS: never sent by people or batch systems.
        case .signalled(let signal): [4, 5, 6, 7, 8, 11, 31].contains(signal)
        case .exited(let status): status != 0 && status != 75
        case .stalled: true
        case .silent, .unreachable, .left, .rogue, .barred: false
        }
    }

    /// Whether the process was killed, fell silent or was cut off, which whoever disturbs the cluster does to any worker.
    package var isFromOutside: Bool {
        switch self {
        case .signalled(9), .silent, .unreachable: true
        case .signalled, .exited, .left, .stalled, .rogue, .barred: false
        }
    }

    /// The cause in words.
    package var text: String {
        switch self {
        case .silent(let seconds): "was silent for \(Int(seconds)) s"
        case .unreachable: "closed its connection"
        case .exited(let status): "ended with exit status \(status)"
        case .signalled(9): "was killed (signal 9; out of memory, or by hand)"
        case .signalled(let signal): "was ended by signal \(signal)"
        case .left: "left"
        case .rogue(let position): "had other bits than the majority at position \(position)"
        case .barred(let reason): "was barred (\(reason))"
        case .stalled(let seconds): "made no progress for \(Int(seconds)) s"
        }
    }
}

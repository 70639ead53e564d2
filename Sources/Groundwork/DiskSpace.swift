import Foundation

/// Waiting for space on a full disk.
package enum DiskSpace {
    /// Seconds between two tries.
    package static let pause: UInt32 = 1
    /// Tries before the error is passed on: an hour's.
    package static let mostTries = 3600

    /// Whether an error says that there is no space left, or that the quota is used up.
    package static func isExhausted(_ error: any Error) -> Bool {
        guard let file = error as? FileError else { return false }
        return file.errorNumber == ENOSPC || file.errorNumber == EDQUOT
    }

    /// Runs `body`, again and again while the disk is full; tells `whenFull` of each failure (true: waiting is no standstill) and
    /// when it was over (false). Rethrows any other error, and that of a full disk after an hour, or once `isStopped`.
    package static func retrying<R>(
        _ whenFull: (Bool) -> Void, pause: UInt32 = pause, tries: Int = mostTries,
        isStopped: () -> Bool = { false }, _ body: () throws -> R
    ) throws -> R {
        for number in 1... {
            do {
                let result = try body()
                if number > 1 { whenFull(false) }
                return result
            } catch  where isExhausted(error) && number < tries && !isStopped() {
                whenFull(true)
                sleep(pause)
            } catch {
                if number > 1 { whenFull(false) }
                throw error
            }
        }
        preconditionFailure("unreachable: the loop has no end")
    }

    /// As ``retrying(_:pause:tries:isStopped:_:)``, but `whenFull` hears of the first failure only, and of the end.
    package static func retrying<R>(
        tellingOnce whenFull: (Bool) -> Void, isStopped: () -> Bool = { false }, _ body: () throws -> R
    ) throws -> R {
        var isTold = false
        return try retrying(
            { isFull in
                if isFull != isTold { whenFull(isFull) }
                isTold = isFull
            }, isStopped: isStopped, body)
    }
}

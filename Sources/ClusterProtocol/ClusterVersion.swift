/// The version of the messages; both ends must have the same.
package enum ClusterVersion {
    /// Raised when an older program would misunderstand a message.
    package static let messages: UInt32 = 2
}

/// A worker process, a random number that names it at the coordinator and in temporary files.
package typealias Instance = UInt32

/// Seconds of a clock that only goes forward; given to state machines, never read by them.
package typealias Seconds = Double

/// Eight hexadecimal digits.
package func instanceName(_ instance: Instance) -> String {
    let digits = String(instance, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

/// The body of a message.
package typealias MessageBody = WireEnvelope.OneOf_Body

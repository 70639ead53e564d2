import Groundwork

/// Ends the process with `message` when a caller breaks an operation's rule.
///
/// For faults of the program, never of data. Unlike `precondition`, optimised builds say the message as well. Messages
/// name the operation and every shape; a tensor in them tells its name and shape, never its values.
@inline(__always)
package func require(
    _ isMet: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    if !isMet { refuse(message(), file: file, line: line) }
}

/// Says `message` on standard error and ends the process, as ``require(_:_:file:line:)`` does.
@inline(never)
package func refuse(_ message: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    StandardError.write("\(file):\(line): \(message)\n")
    preconditionFailure()
}

/// A tensor that may be missing, for messages.
func named(_ tensor: Tensor?) -> String { tensor.map { "\($0)" } ?? "none" }

import Groundwork
import Testing

/// The code and message of what `body` throws, which must not show `hidden`; empty if it does not throw.
func failure(hiding hidden: String? = nil, _ body: () throws -> Void) -> (code: String, message: String) {
    do {
        try body()
        return ("", "")
    } catch let error as any PyHealthError {
        if let hidden { #expect(!error.message.contains(hidden)) }
        return (error.code, error.message)
    } catch {
        return ("?", "\(error)")
    }
}

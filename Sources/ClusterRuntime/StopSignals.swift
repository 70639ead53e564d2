import Dispatch
import Foundation

/// Turns SIGTERM and SIGINT into a wish to stop.
package final class StopSignals {
    private let sources: [any DispatchSourceSignal]

    /// Listens from now on.
    package init(_ token: StopToken) {
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { token.request() }
            source.resume()
            return source
        }
    }

    /// Stops listening.
    package func end() { for source in sources { source.cancel() } }
}

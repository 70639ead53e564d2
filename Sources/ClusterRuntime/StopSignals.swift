import Dispatch
import Foundation

/// Turns SIGTERM, SIGINT and the loss of the terminal into a wish to stop.
package final class StopSignals {
    private let sources: [any DispatchSourceSignal]

    /// Listens from now on; under `nohup` the terminal may go. A reader of this process's output may always go.
    package init(_ token: StopToken) {
        signal(SIGPIPE, SIG_IGN)
        sources = ([SIGTERM, SIGINT] + (Self.isIgnored(SIGHUP) ? [] : [SIGHUP])).map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { token.request() }
            source.resume()
            return source
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Stops listening.
    package func end() { for source in sources { source.cancel() } }
}

import Groundwork
import Logging

/// Writes log lines to standard error, in the place of a progress line that stands there.
struct TerminalLogHandler: LogHandler {
    private var base: StreamLogHandler

    init(label: String, level: Logger.Level) {
        base = .standardError(label: label)
        base.logLevel = level
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        StandardError.clearLine()
        base.log(event: event)
    }
}

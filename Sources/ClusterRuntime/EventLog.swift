import ClusterProtocol
import Foundation
import Groundwork

/// `log.jsonl`: one JSON object per line, `time` (UTC), `event`, `coordinator_epoch` and the event's fields; appended by every epoch.
final class EventLog {
    private let descriptor: Int32
    private let epoch: UInt64
    private let formatter: ISO8601DateFormatter

    /// Opens the log for appending.
    init(path: String, epoch: UInt64) throws {
        self.epoch = epoch
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    }

    deinit { close(descriptor) }

    /// Appends an event; a full disk does not stop the job.
    func write(_ event: ClusterEvent) {
        let line = Self.line(event, epoch: epoch, time: formatter.string(from: Date()))
        let before = lseek(descriptor, 0, SEEK_END)
        let written = Data(line.utf8).withUnsafeBytes {
            Foundation.write(descriptor, $0.baseAddress, $0.count)
        }
        guard written > 0, written < line.utf8.count else { return }
        // Every line is whole: what a full disk took of one goes, unless a coordinator of another epoch wrote behind it.
        if lseek(descriptor, 0, SEEK_END) == before + off_t(written) {
            _ = ftruncate(descriptor, before)
        } else {
            _ = Foundation.write(descriptor, "\n", 1)
        }
    }

    /// The event's line with its newline.
    static func line(_ event: ClusterEvent, epoch: UInt64, time: String) -> String {
        var parts = [
            "\"time\":\(quoted(time))", "\"event\":\(quoted(event.name))", "\"coordinator_epoch\":\(epoch)",
        ]
        for (key, value) in event.fields {
            switch value {
            case .text(let text): parts.append("\(quoted(key)):\(quoted(text))")
            case .integer(let number): parts.append("\(quoted(key)):\(number)")
            case .number(let number): parts.append("\(quoted(key)):\(number.isFinite ? "\(number)" : "null")")
            }
        }
        return "{\(parts.joined(separator: ","))}\n"
    }

    /// The event in words, for people.
    static func words(_ event: ClusterEvent) -> String {
        let fields = event.fields.map { key, value in
            switch value {
            case .text(let text): "\(key)=\(text)"
            case .integer(let number): "\(key)=\(number)"
            case .number(let number): "\(key)=\(number)"
            }
        }
        return ([event.name] + fields).joined(separator: " ")
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}

import Foundation
import Groundwork
import Testing

/// Errors have a stable code, an exit status of sysexits.h and a message that says what to do.
@Suite struct ErrorTests {
    @Test func exitStatusesAreThoseOfSysexits() {
        let expected: [(Groundwork.ExitStatus, Int32)] = [
            (.success, 0), (.usage, 64), (.data, 65), (.unavailable, 69), (.internal, 70),
            (.cannotCreate, 73),
            (.io, 74), (.retry, 75), (.notPermitted, 77), (.configuration, 78),
        ]
        for (status, number) in expected { #expect(status.rawValue == number) }
    }

    @Test func aConfigurationErrorEndsWithItsCode() {
        let error = ConfigurationError("unknown-key", "job.yaml, line 3: no.")
        #expect(error.code == "config.unknown-key")
        #expect(error.exitStatus == .configuration)
        #expect("\(error)" == "job.yaml, line 3: no. [config.unknown-key]")
    }

    @Test func aFileErrorNamesThePathAndTheReason() {
        let reading = FileError("open", path: "a/b.csv", errorNumber: ENOENT)
        #expect(reading.code == "file.open" && reading.exitStatus == .io)
        #expect(reading.message.contains("\"a/b.csv\"") && reading.message.contains("No such file"))
        let writing = FileError("write", path: "a/b.h5", errorNumber: ENOSPC, writing: true)
        #expect(writing.exitStatus == .cannotCreate && writing.errorNumber == ENOSPC)
        #expect(writing.message.contains("free space"))
    }
}

import Foundation
import Testing

@testable import ClusterProtocol

struct EnvelopeReaderTests {
    private func read(_ data: Data) -> Result<WireEnvelope, EnvelopeReader.Fault> {
        do { return .success(try data.withUnsafeBytes { try EnvelopeReader.read($0) }) } catch {
            return .failure(error as? EnvelopeReader.Fault ?? .empty)
        }
    }

    private func fault(_ data: Data) -> EnvelopeReader.Fault? {
        guard case .failure(let fault) = read(data) else { return nil }
        return fault
    }

    @Test func largeResultsAndGrantsPass() throws {
        var result = WireEnvelope()
        result.result.commit.result = Data(count: 16 << 20)
        #expect(fault(try result.serializedData()) == nil)
        var grant = WireEnvelope()
        grant.grant.payload = Data(count: 16 << 20)
        #expect(fault(try grant.serializedData()) == nil)
        var done = WireEnvelope()
        done.trainingDone.result = Data(count: 16 << 20)
        #expect(fault(try done.serializedData()) == nil)
        var open = WireEnvelope()
        open.trainingOpen.payload = Data(count: 16 << 20)
        #expect(fault(try open.serializedData()) == nil)
    }

    @Test func otherMessagesHaveAMebibyte() throws {
        var leave = WireEnvelope()
        leave.leave.reason = String(repeating: "x", count: 1 << 20)
        #expect(fault(try leave.serializedData()) == .tooLarge)
        leave.leave.reason = String(repeating: "x", count: (1 << 20) - 100)
        #expect(fault(try leave.serializedData()) == nil)
        // The payload counts apart; what is beside it does not.
        var result = WireEnvelope()
        result.result.commit.result = Data(count: 2 << 20)
        result.build = String(repeating: "x", count: 1 << 20)
        #expect(fault(try result.serializedData()) == .tooLarge)
        // Many small ones decode to much memory.
        var many = WireEnvelope()
        many.result.commit.outputs = Array(repeating: WireOutputFile(), count: 1 << 20)
        #expect(fault(try many.serializedData()) == .tooLarge)
    }

    /// What a worker calls itself stands in logs and on terminals.
    @Test func refusesNamesThatAreNone() throws {
        var hello = WireEnvelope()
        hello.build = "1.0"
        hello.hello.host = "node-ä"
        #expect(fault(try hello.serializedData()) == nil)
        for name in [String(repeating: "x", count: 5000), "node\u{1B}[2J", "two\nlines"] {
            var other = hello
            other.hello.host = name
            #expect(fault(try other.serializedData()) == .malformed)
            other = hello
            other.build = name
            #expect(fault(try other.serializedData()) == .malformed)
        }
    }

    /// Errors of workers are printed, and are not refused for what an exception's text holds.
    @Test func failuresCannotSteerATerminal() throws {
        var envelope = WireEnvelope()
        envelope.shardFailed.failure.code = "x\u{1B}]0;owned\u{7}\ny"
        envelope.shardFailed.failure.message = "ä\u{9B}31m\r\nlast"
        let read = try read(try envelope.serializedData()).get().shardFailed.failure
        #expect(read.code == "x ]0;owned  y" && read.message == "ä 31m  last")
    }

    @Test func refusesDeepNesting() {
        // Groups within groups in an unknown field.
        let deep = Data(Array(repeating: 0xA3, count: 40).flatMap { [UInt8($0), 0x7D] })
        #expect(fault(deep) == .malformed)
    }

    @Test func refusesWhatIsNoMessage() {
        #expect(fault(Data()) == .empty)
        #expect(fault(Data([0x08, 0x01])) == .empty)
        #expect(fault(Data("GET / HTTP/1.1\r\n\r\n".utf8)) == .malformed)
        #expect(fault(Data([0x82, 0x01, 0xff, 0xff, 0xff, 0xff, 0x0f])) == .malformed)
        #expect(fault(Data(repeating: 0xff, count: 2 << 20)) == .tooLarge)
    }
}

import ClusterTestWorker
import Testing

struct FrameFuzzTests {
    @Test(arguments: [UInt64(1), 2]) func mutatedFramesAreMessagesOrRefused(seed: UInt64) throws {
        let figures = try FrameFuzz.run(count: 50_000, seed: seed)
        #expect(figures.frames == 50_000)
        // Some of both kinds must survive, or nothing behind the first check is tried.
        #expect(figures.envelopes > 1000 && figures.envelopes < 25_000)
        #expect(figures.peerFrames > 500 && figures.peerFrames < 5000)
        #expect(figures.growth < 32 << 20)
    }
}

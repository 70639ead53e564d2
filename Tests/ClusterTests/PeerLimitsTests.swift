import Foundation
import Testing

@testable import ClusterProtocol

struct PeerLimitsTests {
    @Test func lettingBurstsThroughAndDroppingTheExcess() {
        var limits = PeerLimits<Int>()
        var accepted = 0
        for _ in 0..<6000 where limits.count(1, now: 10) == .accepted { accepted += 1 }
        #expect(accepted == 4000)
        // A second later there is room for 2000 more.
        accepted = 0
        for _ in 0..<3000 where limits.count(1, now: 11) == .accepted { accepted += 1 }
        #expect(accepted == 2000)
        #expect(limits.count(2, now: 11) == .accepted)
    }

    @Test func barsAPeerThatGoesOnForFiveSeconds() {
        var limits = PeerLimits<Int>()
        var barredAt: Double?
        for step in 0..<100_000 {
            let now = Double(step) / 10_000
            if case .barred(let reason) = limits.count(1, now: now) {
                #expect(reason == .flood)
                barredAt = now
                break
            }
        }
        // 4000 messages of room at 10,000 - 2000 per second above the rate, then five seconds.
        #expect(barredAt.map { (5.45...5.55).contains($0) } == true, "\(String(describing: barredAt))")
        #expect(limits.count(1, now: 1000) == .dropped)
    }

    @Test func theRateItselfIsNeverTooMuch() {
        var limits = PeerLimits<Int>()
        for step in 0..<20_000 { #expect(limits.count(1, now: Double(step) / 2000) == .accepted) }
    }

    @Test func aFloodThatStopsIsForgiven() {
        var limits = PeerLimits<Int>()
        for _ in 0..<4800 { _ = limits.count(1, now: 0) }
        #expect(limits.count(1, now: 2) == .accepted)
        for _ in 0..<4800 { _ = limits.count(1, now: 6) }
        #expect(limits.count(1, now: 6.5) != .barred(.flood))
    }

    @Test func barsAPeerThatSendsRubbish() {
        var limits = PeerLimits<Int>()
        for number in 1...20 {
            #expect(limits.count(1, now: 0) == .accepted)
            #expect(limits.fault(of: 1, now: 0) == (number == 20 ? .barred(.rubbish) : .dropped))
        }
        #expect(limits.count(1, now: 0) == .dropped)
    }

    @Test func knowsBoundedlyManyPeers() {
        var limits = PeerLimits<Int>()
        for peer in 0..<4096 { #expect(limits.count(peer, now: 0) == .accepted) }
        #expect(limits.count(5000, now: 1) == .dropped)
        #expect(limits.count(5000, now: 61) == .accepted)
    }
}

struct GrantedPathTests {
    @Test(arguments: [
        ("stage/a/s.e1.a1.text", true), ("stage/a/s.e1.a1.part-0001.h5", true), ("stage/a/s.e1.a1", false),
        ("stage/a/s.e1.a1.", false), ("stage/a/s.e1.a1./etc/passwd", false),
        ("stage/a/s.e1.a1.x/../../y", false),
        ("stage/a/s.e1.a2.text", false), ("stage/b/s.e1.a1.text", false), ("/etc/passwd", false), ("", false),
        ("stage/a/s.e1.a1..hidden", false), ("stage/a/s.e1.a1.a b", false),
        ("stage/a/s.e1.a1.a\u{0}b", false),
    ]) func outputsAreExactlyThoseGranted(path: String, isGranted: Bool) {
        #expect(GrantedPath.isOutput(path, prefix: "stage/a/s.e1.a1") == isGranted)
    }

    @Test func filesLieInTheirFolderAndPathsInTheRun() {
        #expect(GrantedPath.isFile("stage/a/best.h5", in: "stage/a"))
        for path in ["stage/a/../b", "stage/a/x/y", "stage/a/", "stage/ab/x", "/stage/a/x"] {
            #expect(!GrantedPath.isFile(path, in: "stage/a"), "\(path)")
        }
        #expect(GrantedPath.isRelative("stage/a/state.g12"))
        for path in ["", "/x", "../x", "a/../b", "a//b", "a/", "a/.b"] {
            #expect(!GrantedPath.isRelative(path))
        }
    }
}

import ClinicalData
import Groundwork
import Testing

/// A patient's events are found by type and time.
@Suite struct PatientTests {
    private static let day: Int64 = 86_400_000

    /// Two patients; the first has visits without a time, on days 1, 2, 2 and 5, the second one on day 3.
    private func shard(times: [[Int64]] = [[Timestamp.missing, 1, 2, 2, 5], [3]]) -> EventShard {
        let symbols = SymbolTable()
        let flat = times.joined().map { $0 == Timestamp.missing ? $0 : $0 * Self.day }
        let names = flat.indices.map { $0 == 1 ? EventTable.missingSymbol : symbols.intern("v\($0)").index }
        let ids = times.indices.map { symbols.intern("p\($0)") }
        let starts = times.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        return EventShard(
            symbols: symbols,
            tables: [
                EventTable(
                    name: "patients", attributes: [], times: ids.map { _ in Timestamp.missing }, columns: []),
                EventTable(name: "visits", attributes: ["name"], times: flat, columns: [names]),
            ], patientIDs: ids, rowStarts: [Array(0...ids.count), starts])
    }

    private func moment(_ day: Int64) -> Timestamp { Timestamp(milliseconds: day * Self.day) }

    @Test func eventsAreThoseOfTheTypeAndThePatient() {
        let shard = shard()
        let first = shard.patient(at: 0)
        #expect(shard.patientCount == 2 && shard.eventCount == 8)
        #expect(first.symbols[first.id] == "p0")
        #expect(first.events("visits").map { $0["name"] } == ["v0", nil, "v2", "v3", "v4"])
        #expect(first.events("visits").map(\.type) == Array(repeating: "visits", count: 5))
        #expect(shard.patient(at: 1).events("visits").map { $0["name"] } == ["v5"])
        #expect(first.events("labs").isEmpty)
        #expect(first.events("labs").column("anything").isEmpty)
        let column = shard.patient(at: 1).events("visits").column("name")
        #expect(column.map { $0.map { shard.symbols[$0] } } == ["v5"])
    }

    @Test func bothEndsOfATimeRangeBelongToItAndMissingTimesDoNot() {
        let patient = shard().patient(at: 0)
        func days(from: Int64? = nil, through: Int64? = nil) -> [Int64?] {
            patient.events("visits", from: from.map(moment), through: through.map(moment))
                .map { $0.timestamp.map { $0.milliseconds / Self.day } }
        }
        #expect(days() == [nil, 1, 2, 2, 5])
        #expect(days(from: 2) == [2, 2, 5])
        #expect(days(through: 2) == [1, 2, 2])
        #expect(days(from: 2, through: 2) == [2, 2])
        #expect(days(from: 3, through: 4) == [])
        #expect(days(from: 6) == [])
        #expect(days(through: 0) == [])
        #expect(days(from: 5, through: 1) == [])
    }

    @Test(arguments: 1...30) func aTimeRangeIsWhatAFilterFinds(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let times = (0..<3).map { _ -> [Int64] in
            let missing = Array(repeating: Timestamp.missing, count: stream.nextInt(below: 3))
            return missing
                + (0..<stream.nextInt(below: 12)).map { _ in Int64(stream.nextInt(below: 9)) - 4 }.sorted()
        }
        let shard = shard(times: times)
        let (low, high) = (Int64(stream.nextInt(below: 11)) - 5, Int64(stream.nextInt(below: 11)) - 5)
        for (place, own) in times.enumerated() {
            let found = shard.patient(at: place).events("visits", from: moment(low), through: moment(high))
            let wanted = own.filter { $0 != Timestamp.missing && $0 >= low && $0 <= high }
            #expect(found.map { $0.timestamp } == wanted.map(moment), "seed \(seed)")
        }
    }
}

import ClinicalData
import Groundwork
import Testing

/// Times are read to the millisecond and never wrongly.
@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1970-01-01 00:00:01", 1000), ("1969-12-31 23:59:59", -1000),
        ("2000-02-29T12:30", 951_827_400_000), ("2150-11-15 08:09:10.1234", 5_707_786_150_123),
        ("2150-11-15 08:09:10Z", 5_707_786_150_000), ("0001-01-01", -62_135_596_800_000),
    ])
    func areRead(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2150", "2150-13-01", "2150-00-01", "2150-02-29", "1900-02-29", "2150-04-31",
        "2150-01-01 24:00:00",
        "2150-01-01 10:60:00", "2150-01-01 10:00:60", "2150-01-01 10", "2150-01-01x10:00:00", "21500-01-01",
        "2150-1-01", " 2150-01-01", "2150-01-01 ", "2150-01-01 10:00:00+01:00", "15/11/2150",
        "2150-01-01 10:00:00.x",
    ])
    func nothingElseIs(text: String) { #expect(Timestamp(text) == nil, "\(text)") }

    @Test(arguments: 1...50) func componentsComeBack(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let (year, month) = (1800 + stream.nextInt(below: 600), 1 + stream.nextInt(below: 12))
        let (day, hour) = (1 + stream.nextInt(below: 28), stream.nextInt(below: 24))
        let time = Timestamp(year: year, month: month, day: day, hour: hour, minute: 7, second: 9)
        let parts = time.components
        #expect(parts.year == year && parts.month == month && parts.day == day, "seed \(seed)")
        #expect(parts.hour == hour && parts.minute == 7 && parts.second == 9, "seed \(seed)")
        func pad(_ value: Int, _ width: Int = 2) -> String {
            String(repeating: "0", count: max(0, width - "\(value)".count)) + "\(value)"
        }
        #expect(
            Timestamp("\(pad(year, 4))-\(pad(month))-\(pad(day)) \(pad(hour)):07:09") == time, "seed \(seed)")
    }
}

import Groundwork
import Parquet
import TestSupport
import Testing

@Suite struct TextFormTests {
    /// The texts of required values, given as PLAIN stores them.
    static func texts(
        _ type: Int, _ values: [[UInt8]], length: Int? = nil, converted: Int? = nil, scale: Int? = nil,
        precision: Int? = nil, logical: ((inout ThriftWriter) -> Void)? = nil
    ) throws -> [String?] {
        let folder = try TemporaryFolder("parquet")
        let content = type == 6 ? Packing.plain(values) : values.flatMap { $0 }
        let column = SampleFile.Column(
            type: type, length: length, converted: converted, scale: scale, precision: precision,
            logical: logical,
            pages: [.init(count: values.count, content: content)])
        let file = try SampleFile(columns: [column], rows: values.count).open(in: folder)
        return try Cells.rows(file).map { $0[0] }
    }

    @Test func doublesAreLaidOutAsPythonDoes() throws {
        let cases: [(Double, String)] = [
            (0, "0.0"), (-0.0, "-0.0"), (83, "83.0"), (0.1, "0.1"), (0.0001, "0.0001"), (0.00001, "1e-05"),
            (.leastNonzeroMagnitude, "5e-324"), (1e15, "1000000000000000.0"),
            (9_007_199_254_740_992, "9007199254740992.0"),
            (-9_999_999_999_999_998, "-9999999999999998.0"), (1e16, "1e+16"), (1.5e300, "1.5e+300"),
            (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (-.nan, "nan"),
        ]
        #expect(try Self.texts(5, cases.map { Packing.little($0.0.bitPattern) }) == cases.map(\.1))
    }

    @Test func floatsHaveTheDigitsOfTheirOwnWidth() throws {
        let cases: [(Float, String)] = [
            (0.1, "0.1"), (14.9, "14.9"), (16_777_216, "16777216.0"), (123_456_792, "123456790.0"),
            (1e16, "1e+16"),
            (3e8, "300000000.0"), (-1.5e-7, "-1.5e-07"),
        ]
        #expect(try Self.texts(4, cases.map { Packing.little($0.0.bitPattern) }) == cases.map(\.1))
        let halves: [(UInt16, String)] = [
            (0x3C00, "1.0"), (0xC500, "-5.0"), (0x0001, "5.9604645e-08"), (0x7BFF, "65504.0"),
            (0x7C00, "inf"),
            (0x7E00, "nan"),
        ]
        let half: (inout ThriftWriter) -> Void = { $0.structure(15) { _ in } }
        #expect(
            try Self.texts(7, halves.map { Packing.little($0.0) }, length: 2, logical: half)
                == halves.map(\.1))
    }

    @Test func datesAndTimesAreIsoLike() throws {
        let days: [(Int32, String)] = [
            (0, "1970-01-01"), (-1, "1969-12-31"), (76751, "2180-02-20"), (11016, "2000-02-29"),
            (-719_163, "0000-12-31"), (.max, "5881580-07-11"), (.min, "-5877641-06-23"),
        ]
        #expect(try Self.texts(1, days.map { Packing.little($0.0) }, converted: 6) == days.map(\.1))
        let micros: [(Int64, String)] = [
            (0, "1970-01-01 00:00:00"), (-1, "1969-12-31 23:59:59.999999"),
            (1_500_000, "1970-01-01 00:00:01.500000"),
            (.max, "294247-01-10 04:00:54.775807"),
        ]
        #expect(try Self.texts(2, micros.map { Packing.little($0.0) }, converted: 10) == micros.map(\.1))
        let local: (inout ThriftWriter) -> Void = {
            $0.structure(8) {
                $0.boolean(1, false)
                $0.structure(2) { $0.structure(3) { _ in } }
            }
        }
        let nanos: [(Int64, String)] = [
            (1, "1970-01-01 00:00:00.000000001"), (1000, "1970-01-01 00:00:00.000001"),
        ]
        #expect(try Self.texts(2, nanos.map { Packing.little($0.0) }, logical: local) == nanos.map(\.1))
        #expect(try Self.texts(1, [Packing.little(Int32(80_580_001))], converted: 7) == ["22:23:00.001000"])
    }

    @Test func oldTimestampsCountFromTheJulianDay() throws {
        let value = Packing.little(Int64(3_600_000_000_000)) + Packing.little(Int32(2_440_589))
        #expect(try Self.texts(3, [value]) == ["1970-01-02 01:00:00"])
    }

    @Test func integersKeepTheirSignAndWidth() throws {
        let bytes = [Packing.little(Int32(-1)), Packing.little(Int32.min)]
        #expect(try Self.texts(1, bytes) == ["-1", "-2147483648"])
        #expect(try Self.texts(1, bytes, converted: 13) == ["4294967295", "2147483648"])
        let long = [Packing.little(Int64(-1)), Packing.little(Int64.min)]
        #expect(try Self.texts(2, long) == ["-1", "-9223372036854775808"])
        #expect(try Self.texts(2, long, converted: 14) == ["18446744073709551615", "9223372036854775808"])
    }

    @Test func decimalsShowAllDigitsOfTheirScale() throws {
        let small = [150, -5, 0].map { Packing.little(Int32($0)) }
        #expect(try Self.texts(1, small, converted: 5, scale: 2, precision: 9) == ["1.50", "-0.05", "0.00"])
        let large: [[UInt8]] = [
            [0x80] + [UInt8](repeating: 0, count: 15), [UInt8](repeating: 0xFF, count: 16),
        ]
        #expect(
            try Self.texts(7, large, length: 16, converted: 5, scale: 0, precision: 38)
                == ["-170141183460469231731687303715884105728", "-1"])
        #expect(
            try Self.texts(6, [[0x01, 0x00], []], converted: 5, scale: 1, precision: 4) == ["25.6", "0.0"])
    }

    @Test func identifiersAndBytesAreText() throws {
        let uuid: (inout ThriftWriter) -> Void = { $0.structure(14) { _ in } }
        let bytes = (0..<16).map { UInt8($0 * 17) }
        #expect(
            try Self.texts(7, [bytes], length: 16, logical: uuid) == ["00112233-4455-6677-8899-aabbccddeeff"])
        #expect(try Self.texts(6, [Array("a\"b".utf8), []]) == ["a\"b", ""])
    }

    @Test func kindsTellZoneAndUnit() throws {
        let folder = try TemporaryFolder("parquet")
        let column = SampleFile.Column(type: 2, converted: 9)
        let file = try SampleFile(columns: [column], rows: 0).open(in: folder)
        #expect(file.columns[0].kind == .timestamp(.milliseconds, isUTC: true))
        #expect(!file.columns[0].isOptional)
    }
}

/// A column of a Parquet file.
package struct ParquetColumn: Sendable, Equatable {
    /// The name as the file has it.
    package let name: String
    /// What its values mean and how they become text.
    package let kind: Kind
    /// Whether values may be missing.
    package let isOptional: Bool
    /// How the values are stored.
    let physical: PhysicalType
    /// Position among the row groups' column chunks.
    let leaf: Int

    /// What values mean.
    package enum Kind: Sendable, Equatable {
        /// `True` or `False`.
        case boolean
        /// A whole number of 8 to 64 bits.
        case integer(bits: Int, isSigned: Bool)
        /// A floating-point number of 16, 32 or 64 bits.
        case float(bits: Int)
        /// UTF-8: string, enum, JSON.
        case text
        /// Bytes without a meaning given.
        case bytes
        /// Days.
        case date
        /// Time of day.
        case time(TimeUnit)
        /// A moment; whether it is in UTC or a local time without a zone.
        case timestamp(TimeUnit, isUTC: Bool)
        /// A moment in nanoseconds as INT96 (old Spark, Hive, Impala), taken as local.
        case timestamp96
        /// A decimal number of at most 38 digits, `scale` of them behind the point.
        case decimal(precision: Int, scale: Int)
        /// 16 bytes.
        case uuid
        /// A column that cannot be read, and why: nested, repeated, unknown.
        case unsupported(String)
        /// Nothing but missing values.
        case nothing

        /// Whether equal values become equal texts in a column of either kind.
        package func hasForm(of other: Kind) -> Bool {
            switch (self, other) {
            case (.integer, .integer), (.text, .bytes), (.bytes, .text), (.time, .time): true
            case (.nothing, _), (_, .nothing): true
            case (.decimal(_, let scale), .decimal(_, let other)): scale == other
            case (.timestamp, .timestamp), (.timestamp, .timestamp96), (.timestamp96, .timestamp): true
            default: self == other
            }
        }
    }

    /// The unit of a time.
    package enum TimeUnit: Int64, Sendable, Equatable {
        case milliseconds = 1000
        case microseconds = 1_000_000
        case nanoseconds = 1_000_000_000

        /// How many make a second.
        var perSecond: Int64 { rawValue }
    }
}

/// How values are stored.
enum PhysicalType: Sendable, Equatable {
    case boolean, int32, int64, int96, float, double, bytes
    case fixed(Int)
    /// Of a column that is not read.
    case none

    /// The number in the format; nil for one that is not known.
    init?(number: Int32, length: Int32?) {
        switch number {
        case 0: self = .boolean
        case 1: self = .int32
        case 2: self = .int64
        case 3: self = .int96
        case 4: self = .float
        case 5: self = .double
        case 6: self = .bytes
        case 7:
            guard let length, length > 0 else { return nil }
            self = .fixed(Int(length))
        default: return nil
        }
    }

    /// The number in the format.
    var number: Int32 {
        switch self {
        case .boolean: 0
        case .int32: 1
        case .int64: 2
        case .int96: 3
        case .float: 4
        case .double: 5
        case .bytes: 6
        case .fixed: 7
        case .none: -1
        }
    }

    /// Bytes of a value in PLAIN; nil for those of one bit or of any length.
    var width: Int? {
        switch self {
        case .int32, .float: 4
        case .int64, .double: 8
        case .int96: 12
        case .fixed(let length): length
        case .boolean, .bytes, .none: nil
        }
    }
}

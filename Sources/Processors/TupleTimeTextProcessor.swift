package import ClinicalData

/// `tuple_time_text`: texts with a time each, for models that read text; the kind of text (`type_tag`) is kept with the
/// processor.
///
/// Stored with one level, nulls as empty texts; times in a column of their own.
package struct TupleTimeTextProcessor: FeatureProcessor, Equatable {
    package static let name = "tuple_time_text"
    /// What kind of text it is. The default is `note`.
    package var tag: String

    /// Texts of the kind `tag`.
    package init(tag: String = "note") { self.tag = tag }
    package var hasTimes: Bool { true }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(1, Self.name)
        return texts(column, rows, processor: Self.name)
    }

    package func encodeTimes(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn? {
        try column.encodedTimes(rows, Self.name)
    }
}

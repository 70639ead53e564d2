package import ClinicalData

/// `text`: a text as it is, a null as the empty text.
package struct TextProcessor: FeatureProcessor, Equatable {
    package static let name = "text"

    package init() {}

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        texts(column, rows, processor: Self.name)
    }
}

/// `raw`: values as texts, nulls as empty texts; lists stay lists.
package struct RawProcessor: FeatureProcessor, Equatable {
    package static let name = "raw"

    package init() {}

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        texts(column, rows, processor: Self.name)
    }
}

/// `ignore`: the field is left out of the encoded samples.
package struct IgnoreProcessor: FeatureProcessor, Equatable {
    package static let name = "ignore"

    package init() {}

    /// Always throws ``ProcessorError/ignored(field:)``.
    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        throw ProcessorError.ignored(field: column.name)
    }
}

/// The leaves of a range of samples as texts, nulls as empty ones, with the column's levels.
func texts(_ column: FieldColumn, _ rows: Range<Int>, processor: String) -> EncodedColumn {
    let leaves = column.leafRange(rows)
    let values: [String]
    switch column.leaves {
    case .symbols(let indices, let dictionary):
        values = indices[leaves].map { $0 == EventTable.missingSymbol ? "" : dictionary[Int($0)] }
    case .integers(let numbers):
        values = numbers[leaves].map { $0 == FieldColumn.missingInteger ? "" : String($0) }
    case .numbers(let numbers): values = numbers[leaves].map { FieldColumn.isMissing($0) ? "" : "\($0)" }
    }
    return EncodedColumn(
        name: column.name, processor: processor, offsets: column.rebasedOffsets(rows), shape: [],
        values: .text(values), sampleCount: rows.count)
}

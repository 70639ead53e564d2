package import ClinicalData

/// `text`: a text as it is.
package struct TextProcessor: FeatureProcessor, Equatable {
    package static let name = "text"

    package init() {}

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try texts(column, rows, processor: Self.name)
    }
}

/// `raw`: values as they are, as texts; lists stay lists.
package struct RawProcessor: FeatureProcessor, Equatable {
    package static let name = "raw"

    package init() {}

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try texts(column, rows, processor: Self.name)
    }
}

private func texts(_ column: FieldColumn, _ rows: Range<Int>, processor: String) throws -> EncodedColumn {
    let leaves = column.leafRange(rows)
    let values: [String]
    switch column.leaves {
    case .symbols(let indices, let dictionary):
        values = indices[leaves].map { $0 == .max ? "" : dictionary[Int($0)] }
    case .integers(let numbers): values = numbers[leaves].map { String($0) }
    case .numbers(let numbers): values = numbers[leaves].map { "\($0)" }
    }
    return EncodedColumn(
        name: column.name, processor: processor, offsets: column.rebasedOffsets(rows), shape: [],
        values: .text(values), sampleCount: rows.count)
}

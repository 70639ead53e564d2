package import Groundwork

/// What can be wrong with a Parquet file. Cell content never appears.
package enum ParquetError: PyHealthError, Equatable {
    /// The file does not begin and end as a Parquet file does.
    case notParquet(file: String, reason: String)
    /// Bytes contradict the format or one another; `place` names footer, row group, column, offset.
    case damaged(file: String, place: String, reason: String)
    /// The file is sound but uses a part of the format that is not read here.
    case unsupported(file: String, place: String, feature: String)
    /// Something is larger than what is accepted, as in a decompression bomb.
    case tooLarge(file: String, place: String, reason: String)

    package var code: String {
        switch self {
        case .notParquet: "data.not-parquet"
        case .damaged: "data.damaged-parquet"
        case .unsupported: "data.unsupported-parquet"
        case .tooLarge: "data.parquet-too-large"
        }
    }

    package var exitStatus: ExitStatus { .data }

    package var message: String {
        switch self {
        case .notParquet(let file, let reason):
            "\(file) is not a Parquet file: \(reason). Check the file's name, or copy it again."
        case .damaged(let file, let place, let reason):
            "\(file), \(place): the Parquet data is damaged: \(reason). Copy or write the file again."
        case .unsupported(let file, let place, let feature):
            "\(file), \(place): \(feature) is not supported. Write the file again without it (docs/parquet.md lists what "
                + "is read)."
        case .tooLarge(let file, let place, let reason):
            "\(file), \(place): \(reason). If the file is sound, write it again with smaller pages."
        }
    }
}

/// A fault found below the level that knows file and column; becomes a ``ParquetError`` there.
enum Fault: Error, Equatable {
    /// The bytes end too early.
    case ended
    /// The bytes contradict the format or one another.
    case damaged(String)
    /// A part of the format that is not read.
    case unsupported(String)
    /// Something exceeds a limit.
    case tooLarge(String)

    /// The error with the place where it happened.
    func error(file: String, place: String) -> ParquetError {
        switch self {
        case .ended: .damaged(file: file, place: place, reason: "the data end too early")
        case .damaged(let reason): .damaged(file: file, place: place, reason: reason)
        case .unsupported(let feature): .unsupported(file: file, place: place, feature: feature)
        case .tooLarge(let reason): .tooLarge(file: file, place: place, reason: reason)
        }
    }
}

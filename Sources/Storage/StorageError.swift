package import Groundwork

/// What can be wrong with a file of this product.
package enum StorageError: PyHealthError, Equatable {
    /// A file is of another kind or format version.
    case wrongFormat(path: String, expected: String, got: String)
    /// Numbers in a file contradict each other.
    case inconsistent(path: String, what: String)
    /// A dataset's content is not what was written.
    case damaged(path: String, dataset: String)

    package var code: String {
        switch self {
        case .wrongFormat: "storage.wrong-format"
        case .inconsistent: "storage.inconsistent"
        case .damaged: "storage.damaged"
        }
    }

    package var exitStatus: ExitStatus { .io }

    package var message: String {
        switch self {
        case .wrongFormat(let path, let expected, let got):
            "\(path): expected a file of format \"\(expected)\", got \"\(got)\". Was it written by another version?"
        case .inconsistent(let path, let what):
            "\(path): \(what). The file is damaged; remove the stage's folder and run again."
        case .damaged(let path, let dataset):
            "\(path): dataset \(dataset) is not what was written (wrong CRC32C). Remove the stage's folder and run again."
        }
    }
}

package import Groundwork

/// A failed operation on an HDF5 file: which file and object, expected and got, what to do.
package enum HDF5Error: PyHealthError, Equatable {
    /// The file does not exist or may not be read.
    case unreadable(path: String, reason: String)
    /// The file is no HDF5 file.
    case notHDF5(path: String)
    /// The file starts like an HDF5 file but cannot be opened: cut off, damaged, or never closed by its writer.
    case torn(path: String)
    /// The file has no such dataset, group or attribute.
    case missing(path: String, object: String)
    /// The object has another type than the caller needs.
    case wrongType(path: String, object: String, expected: String, got: String)
    /// The object has another shape than the caller needs.
    case wrongShape(path: String, object: String, expected: String, got: String)
    /// The library failed to read an object of a file that it could open.
    case corrupt(path: String, object: String, operation: String)
    /// A new file refuses content: a name stands twice, a text holds a zero byte, memory is exhausted.
    case cannotWrite(path: String, object: String, operation: String)

    package var code: String {
        switch self {
        case .unreadable: return "hdf5.unreadable"
        case .notHDF5: return "hdf5.not-hdf5"
        case .torn: return "hdf5.torn"
        case .missing: return "hdf5.missing"
        case .wrongType: return "hdf5.wrong-type"
        case .wrongShape: return "hdf5.wrong-shape"
        case .corrupt: return "hdf5.corrupt"
        case .cannotWrite: return "hdf5.cannot-write"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .unreadable, .notHDF5, .torn, .corrupt: return .io
        case .cannotWrite: return .cannotCreate
        case .missing, .wrongType, .wrongShape: return .data
        }
    }

    package var message: String {
        switch self {
        case .unreadable(let path, let reason): return "Cannot open \"\(path)\": \(reason)."
        case .notHDF5(let path):
            return "\"\(path)\" is not an HDF5 file. Make it again or name the right file."
        case .torn(let path):
            return
                "\"\(path)\" is an HDF5 file that cannot be opened: it is cut off or damaged. Make it again."
        case .missing(let path, let object):
            return "\"\(path)\" has no \(object). The file was made by another version or for another use."
        case .wrongType(let path, let object, let expected, let got):
            return "\"\(path)\": \(object) has type \(got), expected \(expected)."
        case .wrongShape(let path, let object, let expected, let got):
            return "\"\(path)\": \(object) has shape \(got), expected \(expected)."
        case .corrupt(let path, let object, let operation):
            return "\"\(path)\": cannot \(operation) \(object): the file is damaged. Make it again."
        case .cannotWrite(let path, let object, let operation):
            return "\"\(path)\": cannot \(operation) \(object)."
        }
    }
}

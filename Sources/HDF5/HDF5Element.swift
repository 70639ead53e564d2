package import CHDF5

/// A number type that datasets hold; in files always little-endian.
package protocol HDF5Element: BitwiseCopyable, Sendable {
    /// The library's handle of this type in memory.
    static var memoryType: hid_t { get }
    /// The library's handle of this type in files.
    static var fileType: hid_t { get }
    /// The type in words.
    static var storedType: HDF5Type { get }
    /// The value as this type, nil if it does not fit; only asked of whole-number types.
    static func exactly(_ value: Int64) -> Self?
}

extension Float: HDF5Element {
    package static var memoryType: hid_t { hdf5_native_float() }
    package static var fileType: hid_t { hdf5_little_float() }
    package static var storedType: HDF5Type { .float(bytes: 4) }
    package static func exactly(_ value: Int64) -> Float? { Float(value) }
}

extension Double: HDF5Element {
    package static var memoryType: hid_t { hdf5_native_double() }
    package static var fileType: hid_t { hdf5_little_double() }
    package static var storedType: HDF5Type { .float(bytes: 8) }
    package static func exactly(_ value: Int64) -> Double? { Double(value) }
}

extension Int32: HDF5Element {
    package static var memoryType: hid_t { hdf5_native_int32() }
    package static var fileType: hid_t { hdf5_little_int32() }
    package static var storedType: HDF5Type { .integer(bytes: 4, signed: true) }
    package static func exactly(_ value: Int64) -> Int32? { Int32(exactly: value) }
}

extension Int64: HDF5Element {
    package static var memoryType: hid_t { hdf5_native_int64() }
    package static var fileType: hid_t { hdf5_little_int64() }
    package static var storedType: HDF5Type { .integer(bytes: 8, signed: true) }
    package static func exactly(_ value: Int64) -> Int64? { value }
}

extension UInt8: HDF5Element {
    package static var memoryType: hid_t { hdf5_native_uint8() }
    package static var fileType: hid_t { hdf5_little_uint8() }
    package static var storedType: HDF5Type { .integer(bytes: 1, signed: false) }
    package static func exactly(_ value: Int64) -> UInt8? { UInt8(exactly: value) }
}

extension UInt32: HDF5Element {
    package static var memoryType: hid_t { hdf5_native_uint32() }
    package static var fileType: hid_t { hdf5_little_uint32() }
    package static var storedType: HDF5Type { .integer(bytes: 4, signed: false) }
    package static func exactly(_ value: Int64) -> UInt32? { UInt32(exactly: value) }
}

/// The type of a dataset's elements.
package enum HDF5Type: Equatable, Sendable, CustomStringConvertible {
    /// IEEE floating point.
    case float(bytes: Int)
    /// Whole numbers (enumerations count as their base type).
    case integer(bytes: Int, signed: Bool)
    /// Text, `bytes` per element if the length is fixed.
    case text(bytes: Int?)
    /// Anything else.
    case other

    package var description: String {
        switch self {
        case .float(let bytes): return "float\(bytes * 8)"
        case .integer(let bytes, let signed): return "\(signed ? "" : "u")int\(bytes * 8)"
        case .text(let bytes): return bytes.map { "text of \($0) bytes" } ?? "text"
        case .other: return "an unsupported type"
        }
    }
}

/// What is known of a dataset without reading it.
package struct HDF5Dataset: Equatable, Sendable {
    /// The length of each dimension, empty for a single value.
    package let shape: [Int]
    /// The element type.
    package let type: HDF5Type
    /// Where the values lie in the file as plain little-endian bytes in row-major order, nil if they don't
    /// (empty, chunked, filtered or of another byte order): the condition for memory mapping.
    package let offset: Int?

    /// The number of elements.
    package var count: Int { shape.reduce(1, *) }
}

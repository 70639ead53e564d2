/// Readable floats.
package typealias Floats = UnsafePointer<Float>
/// Writable floats.
package typealias MutableFloats = UnsafeMutablePointer<Float>
/// Readable 32-bit indices: rows, table entries, offsets.
package typealias Indices = UnsafePointer<Int32>

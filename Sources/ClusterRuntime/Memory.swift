import Foundation

/// Aligned memory of its own.
final class Memory {
    let storage: UnsafeMutableRawBufferPointer

    /// Memory with undefined content.
    init(byteCount: Int) { storage = .allocate(byteCount: byteCount, alignment: 64) }

    convenience init(_ values: [Double]) {
        self.init(values.withUnsafeBytes { Data($0) })
    }

    convenience init(_ data: Data) {
        self.init(byteCount: data.count)
        storage.copyBytes(from: data)
    }

    deinit { storage.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(storage) }
    var floats: UnsafeMutableBufferPointer<Float> { storage.bindMemory(to: Float.self) }
}

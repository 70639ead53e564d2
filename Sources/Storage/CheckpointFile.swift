package import Foundation
import Groundwork
import HDF5

/// Parameters, optimizer state and position of a training in one HDF5 file.
///
/// Layout: `/state/<parameter>` f32 in PyTorch's shapes and names; `/optimizer/<slot>/<parameter>` f32 (`exp_avg`, …);
/// `/optimizer/steps` i64 per parameter in the order of `/parameters` (texts); root attributes `position` (phases applied),
/// `epoch`, `step`, `seed`, `virtual_ranks`, `slots` (JSON list); `/facts/configuration` (digest), `/facts/history` (JSON).
package struct CheckpointFile: Sendable, Equatable {
    /// A named array.
    package struct Array: Sendable, Equatable {
        package var name: String
        package var shape: [Int]
        package var values: [Float]

        package init(name: String, shape: [Int], values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// Parameters in the model's order.
    package var state: [Array]
    /// Optimizer blocks by slot name, each in the model's order.
    package var optimizer: [(slot: String, arrays: [Array])]
    /// Steps per parameter.
    package var steps: [Int64]
    /// Whole numbers by name.
    package var counters: [(name: String, value: Int64)]
    /// Texts by name.
    package var texts: [(name: String, value: String)]

    private static let format = "pyhealth-checkpoint-1"

    package init(
        state: [Array], optimizer: [(slot: String, arrays: [Array])], steps: [Int64],
        counters: [(name: String, value: Int64)], texts: [(name: String, value: String)]
    ) {
        self.state = state
        self.optimizer = optimizer
        self.steps = steps
        self.counters = counters
        self.texts = texts
    }

    package static func == (a: CheckpointFile, b: CheckpointFile) -> Bool {
        a.state == b.state && a.steps == b.steps && a.optimizer.map(\.slot) == b.optimizer.map(\.slot)
            && a.optimizer.map(\.arrays) == b.optimizer.map(\.arrays)
            && a.counters.map(\.name) == b.counters.map(\.name)
            && a.counters.map(\.value) == b.counters.map(\.value)
            && a.texts.map(\.value) == b.texts.map(\.value)
    }

    /// Writes the file, which appears whole or not at all; throws `HDF5Error`, `FileError`.
    package func write(to path: String, durable: Bool = true) throws {
        let out = try CheckedFile.create(path, format: Self.format)
        for array in state { try out.write(array.values, shape: array.shape, to: "state/\(array.name)") }
        for (slot, arrays) in optimizer {
            for array in arrays {
                try out.write(array.values, shape: array.shape, to: "optimizer/\(slot)/\(array.name)")
            }
        }
        try out.write(steps, to: "optimizer/steps")
        try out.writeText(state.map(\.name), to: "parameters")
        try out.setNames(optimizer.map(\.slot), as: "slots")
        for (name, value) in counters { try out.file.setAttribute(name, .integer(value)) }
        for (name, value) in texts { try out.writeText([value], to: "facts/\(name)") }
        try out.file.close(durable: durable)
    }

    /// The content as bytes; the form is this program's own and is not kept in files.
    package func encoded() -> Data {
        let arrays = state + optimizer.flatMap(\.arrays)
        let index = Index(
            state: state.map { .init(name: $0.name, shape: $0.shape) }, slots: optimizer.map(\.slot),
            steps: steps,
            counterNames: counters.map(\.name), counters: counters.map(\.value), textNames: texts.map(\.name),
            texts: texts.map(\.value))
        let json = (try? JSONEncoder().encode(index)) ?? Data()
        var bytes = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
        bytes.append(json)
        bytes.reserveCapacity(bytes.count + arrays.reduce(0) { $0 + $1.values.count * 4 })
        for array in arrays { array.values.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Reads what ``encoded()`` wrote; throws ``StorageError/inconsistent(path:what:)``.
    package init(decoding data: Data) throws {
        let failure = StorageError.inconsistent(path: "memory", what: "the bytes are no training state")
        guard data.count >= 8 else { throw failure }
        let bytes = Swift.Array(data.prefix(8)).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        guard let length = Int(exactly: UInt64(littleEndian: bytes)), length <= data.count - 8,
            let index = try? JSONDecoder().decode(Index.self, from: data.dropFirst(8).prefix(length))
        else { throw failure }
        var rest = data.dropFirst(8 + length)
        func take(_ item: Index.Item) throws -> Array {
            let count = try item.shape.reduce(1) { product, size in
                let (value, isTooLarge) = product.multipliedReportingOverflow(by: size)
                guard size >= 0, !isTooLarge else { throw failure }
                return value
            }
            guard count <= rest.count / 4 else { throw failure }
            let values = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                rest.prefix(4 * count).copyBytes(to: UnsafeMutableRawBufferPointer(buffer))
                filled = count
            }
            rest = rest.dropFirst(4 * count)
            return Array(name: item.name, shape: item.shape, values: values)
        }
        state = try index.state.map(take)
        optimizer = try index.slots.map { slot in (slot, try index.state.map(take)) }
        steps = index.steps
        guard rest.isEmpty, index.counterNames.count == index.counters.count,
            index.textNames.count == index.texts.count
        else { throw failure }
        counters = zip(index.counterNames, index.counters).map { ($0, $1) }
        texts = zip(index.textNames, index.texts).map { ($0, $1) }
    }

    /// What stands before the numbers.
    private struct Index: Codable {
        struct Item: Codable {
            var name: String
            var shape: [Int]
        }
        var state: [Item]
        var slots: [String]
        var steps: [Int64]
        var counterNames: [String]
        var counters: [Int64]
        var textNames: [String]
        var texts: [String]
    }

    /// Whether a file is a checkpoint, by its format alone; throws `FileError` and `HDF5Error` for one that cannot be read.
    package static func isCheckpoint(_ path: String) throws -> Bool {
        guard access(path, R_OK) == 0 else { throw FileError("open", path: path, errorNumber: errno) }
        do {
            _ = try CheckedFile.open(path, format: format)
            return true
        } catch StorageError.wrongFormat { return false } catch HDF5Error.notHDF5 { return false }
    }

    /// Reads a checkpoint with the named counters and texts; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String, counters: [String], texts: [String]) throws -> CheckpointFile {
        let input = try CheckedFile.open(path, format: format)
        let names = try input.readText("parameters")
        let slots = try input.names("slots")
        try input.require(
            try input.file.members(of: "state")
                == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
            "the arrays in state are not the parameters listed")
        func array(_ group: String, _ name: String) throws -> Array {
            let dataset = "\(group)/\(name)"
            return Array(
                name: name, shape: try input.file.info(of: dataset).shape, values: try input.read(dataset))
        }
        return CheckpointFile(
            state: try names.map { try array("state", $0) },
            optimizer: try slots.map { slot in (slot, try names.map { try array("optimizer/\(slot)", $0) }) },
            steps: try input.read("optimizer/steps"),
            counters: try counters.map { ($0, try input.file.integerAttribute($0)) },
            texts: try texts.map { ($0, try input.readText("facts/\($0)").first ?? "") })
    }
}

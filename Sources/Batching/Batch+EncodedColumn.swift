package import ClinicalData
import Processors
package import Tensors

extension BatchField {
    /// A field from an encoded column; `size` is the number of vocabulary entries, of categories or of columns, as
    /// in the schema.
    ///
    /// Throws ``BatchingError/unsupportedField(name:processor:)`` for texts and, for indices or widths that do not fit
    /// `size`, ``BatchingError/indexOutside(name:size:place:count:)`` or ``BatchingError/fieldDiffers(name:expected:)``.
    package init(_ column: EncodedColumn, size: Int) throws {
        switch (column.values, column.offsets.count) {
        case (.int32(let values), 0...1) where column.processor == TensorProcessor.name:
            self = try Self.numbers(values.map(Float.init), column, size)
        case (.int32(let values), 1) where column.processor == MultiHotProcessor.name:
            self = .dense(try multiHot(column, values, size, offsets: column.offsets[0]), width: size)
        case (.int32(let values), 2) where column.processor == NestedMultiHotProcessor.name:
            let rows = try multiHot(column, values, size, offsets: column.offsets[1])
            self = Self.series(
                rows, size, zip(column.offsets[0], column.offsets[0].dropFirst()).map { Int($1 - $0) })
        case (.int32(let values), 1):
            try checkIndices(column, values, size)
            self = Self.codes(values, column.offsets[0])
        case (.int32(let values), 2):
            try checkIndices(column, values, size)
            self = Self.nested(values, column.offsets[0], column.offsets[1])
        case (.float32(let values), 0...1): self = try Self.numbers(values, column, size)
        default: throw BatchingError.unsupportedField(name: column.name, processor: column.processor)
        }
    }

    private static func codes(_ values: [Int32], _ offsets: [Int64]) -> BatchField {
        guard zip(offsets, offsets.dropFirst()).contains(where: { $0 == $1 }) else {
            return .codes(values, Segments(offsets: offsets.map(Int32.init)))
        }
        var padded: [Int32] = []
        var lengths: [Int] = []
        for (start, end) in zip(offsets, offsets.dropFirst()) {
            padded += start == end ? [CodeVocabulary.pad] : values[Int(start)..<Int(end)]
            lengths.append(max(1, Int(end - start)))
        }
        return .codes(padded, Segments(lengths: lengths))
    }

    private static func nested(_ values: [Int32], _ samples: [Int64], _ visits: [Int64]) -> BatchField {
        var indices: [Int32] = []
        var codeLengths: [Int] = []
        var visitLengths: [Int] = []
        for (start, end) in zip(samples, samples.dropFirst()) {
            var last = Int(end)
            while last > Int(start), visits[last] == visits[last - 1] { last -= 1 }
            for visit in Int(start)..<last {
                indices += values[Int(visits[visit])..<Int(visits[visit + 1])]
                codeLengths.append(Int(visits[visit + 1] - visits[visit]))
            }
            if last == Int(start) { codeLengths.append(0) }
            visitLengths.append(max(1, last - Int(start)))
        }
        return .nestedCodes(
            indices, codes: Segments(lengths: codeLengths), visits: Segments(lengths: visitLengths))
    }

    /// Vectors, or rows of numbers: those of ragged columns and of two or more dimensions.
    private static func numbers(
        _ values: [Float], _ column: EncodedColumn, _ width: Int
    ) throws -> BatchField {
        guard column.shape.last ?? 1 == width else {
            throw BatchingError.fieldDiffers(name: column.name, expected: "\(width) columns")
        }
        let rows = column.shape.dropLast().reduce(1, *)
        guard let offsets = column.offsets.first else {
            guard column.shape.count > 1 else { return .dense(values, width: width) }
            return series(values, width, Array(repeating: rows, count: column.sampleCount))
        }
        return series(values, width, zip(offsets, offsets.dropFirst()).map { Int($1 - $0) * rows })
    }

    /// Steps of `lengths` rows; a sample without rows gets one of zeros.
    private static func series(_ values: [Float], _ width: Int, _ lengths: [Int]) -> BatchField {
        guard lengths.contains(0) else {
            return .series(values, width: width, Segments(lengths: lengths))
        }
        var padded: [Float] = []
        var start = 0
        for length in lengths {
            let end = start + length * width
            padded += length == 0 ? Array(repeating: 0, count: width)[...] : values[start..<end]
            start = end
        }
        return .series(padded, width: width, Segments(lengths: lengths.map { max(1, $0) }))
    }
}

extension BatchTimes {
    /// The times of a field's steps from the encoded column `<field>.time`: those of steps that the batch leaves out are left
    /// out too.
    ///
    /// Throws ``BatchingError/unsupportedField(name:processor:)`` for a field without steps or other values, and
    /// ``BatchingError/fieldDiffers(name:expected:)`` where a sample has fewer times than steps.
    package init(_ column: EncodedColumn, of field: BatchField) throws {
        guard case .float32(let all) = column.values, let offsets = column.offsets.first,
            let steps = field.steps, steps.count == column.sampleCount
        else { throw BatchingError.unsupportedField(name: column.name, processor: column.processor) }
        var values: [Float] = []
        var isPresent: [Bool] = []
        for (sample, (start, end)) in zip(offsets, offsets.dropFirst()).enumerated() {
            let own = all[Int(start)..<Int(end)]
            let count = steps[sample].count
            guard own.isEmpty || own.count >= count else {
                throw BatchingError.fieldDiffers(name: column.name, expected: "one time per step")
            }
            values += own.isEmpty ? Array(repeating: 0, count: count)[...] : own.prefix(count)
            isPresent.append(!own.isEmpty)
        }
        self.init(values: values, isPresent: isPresent)
    }
}

extension BatchField {
    /// Samples → steps; nil for vectors.
    package var steps: Segments? {
        switch self {
        case .codes(_, let steps), .nestedCodes(_, _, let steps), .series(_, _, let steps): steps
        case .dense: nil
        }
    }
}

extension BatchLabels {
    /// Labels from an encoded column; `size` is the number of classes, 1 for binary and regression.
    ///
    /// Throws ``BatchingError/unsupportedField(name:processor:)`` for other values and, for classes or widths that do not
    /// fit `size`, ``BatchingError/indexOutside(name:size:place:count:)`` or ``BatchingError/fieldDiffers(name:expected:)``.
    package init(_ column: EncodedColumn, size: Int) throws {
        switch (column.values, column.offsets.count) {
        case (.int32(let values), 0):
            try checkIndices(column, values, size)
            self = .classes(values)
        case (.int32(let values), 1):
            self = .values(try multiHot(column, values, size, offsets: column.offsets[0]), width: size)
        case (.float32(let values), 0):
            guard column.shape.reduce(1, *) == size else {
                throw BatchingError.fieldDiffers(name: column.name, expected: "\(size) columns")
            }
            self = .values(values, width: size)
        default: throw BatchingError.unsupportedField(name: column.name, processor: column.processor)
        }
    }
}

/// Class indices per sample or visit as rows of zeros and ones.
private func multiHot(
    _ column: EncodedColumn, _ values: [Int32], _ size: Int, offsets: [Int64]
) throws -> [Float] {
    try checkIndices(column, values, size)
    var rows = [Float](repeating: 0, count: (offsets.count - 1) * size)
    for row in 0..<(offsets.count - 1) {
        for place in Int(offsets[row])..<Int(offsets[row + 1]) { rows[row * size + Int(values[place])] = 1 }
    }
    return rows
}

private func checkIndices(_ column: EncodedColumn, _ values: [Int32], _ size: Int) throws {
    // a negative index is a large one when read as unsigned
    guard let place = values.firstIndex(where: { UInt32(bitPattern: $0) >= UInt32(clamping: size) }) else {
        return
    }
    throw BatchingError.indexOutside(name: column.name, size: size, place: place, count: values.count)
}

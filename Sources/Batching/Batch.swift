package import ClinicalData
import Processors
package import Tensors

/// One field of a batch, ragged and without padding.
package enum BatchField {
    /// Codes in a row: vocabulary indices, one segment per sample.
    case codes([Int32], Segments)
    /// Codes per visit: vocabulary indices, visits → codes, samples → visits.
    case nestedCodes([Int32], codes: Segments, visits: Segments)
    /// Rows of `width` numbers, one segment per sample.
    case series([Float], width: Int, Segments)
    /// `width` numbers per sample.
    case dense([Float], width: Int)
}

/// What a batch's samples are to be predicted as.
package enum BatchLabels: Equatable {
    /// Targets `[B, width]`: binary, multilabel, regression.
    case values([Float], width: Int)
    /// A class per sample.
    case classes([Int32])
}

/// Some samples, ready for a model.
///
/// A sample has its own steps only: trailing empty visits do not exist, and a sample without any code has one step of
/// padding (index 0), so that every segment of steps has at least one row.
package struct Batch {
    /// The number of samples, B.
    package let count: Int
    /// Input fields by name.
    package let fields: [String: BatchField]
    /// nil where the labels are not known.
    package let labels: BatchLabels?

    package init(count: Int, fields: [String: BatchField], labels: BatchLabels?) {
        self.count = count
        self.fields = fields
        self.labels = labels
    }
}

extension BatchField {
    /// A field from an encoded column; `size` is the vocabulary's, needed where class indices stand for a vector.
    package init(_ column: EncodedColumn, size: Int) throws {
        switch (column.values, column.offsets.count) {
        case (.int32(let values), 1) where column.processor == MultiHotProcessor.name:
            self = .dense(multiHot(values, column.offsets[0], size), width: size)
        case (.int32(let values), 1): self = BatchField.codes(values, column.offsets[0])
        case (.int32(let values), 2): self = BatchField.nested(values, column.offsets[0], column.offsets[1])
        case (.float32(let values), 0):
            self = .dense(values, width: column.sampleCount == 0 ? size : values.count / column.sampleCount)
        case (.float32(let values), 1):
            self = .series(
                values, width: column.shape.reduce(1, *), Segments(offsets: column.offsets[0].map(Int32.init))
            )
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
}

extension BatchLabels {
    /// Labels from an encoded column; `size` is the number of classes of a multilabel field.
    package init(_ column: EncodedColumn, size: Int) throws {
        switch (column.values, column.offsets.count) {
        case (.int32(let values), 0): self = .classes(values)
        case (.int32(let values), 1): self = .values(multiHot(values, column.offsets[0], size), width: size)
        case (.float32(let values), 0): self = .values(values, width: column.shape.reduce(1, *))
        default: throw BatchingError.unsupportedField(name: column.name, processor: column.processor)
        }
    }
}

/// Class indices per sample as rows of zeros and ones.
private func multiHot(_ values: [Int32], _ offsets: [Int64], _ size: Int) -> [Float] {
    var rows = [Float](repeating: 0, count: (offsets.count - 1) * size)
    for row in 0..<(offsets.count - 1) {
        for place in Int(offsets[row])..<Int(offsets[row + 1]) { rows[row * size + Int(values[place])] = 1 }
    }
    return rows
}

package import ClinicalData
package import Processors

/// An encoded sample as the padded tensor that it stands for.
package struct DenseTensor {
    package var shape: [Int]
    package var values: [Float]

    package init(_ column: EncodedColumn, _ processor: any FeatureProcessor) {
        switch column.values {
        case .int32(let numbers): values = numbers.map { Float($0) }
        case .float32(let numbers): values = numbers
        case .text: values = []
        }
        shape = column.shape
        switch processor {
        case is SequenceProcessor: shape = [Int(column.offsets[0][1])]
        case let nested as NestedSequenceProcessor:
            let ends = column.offsets[1]
            let visits = zip(ends, ends.dropFirst()).map { Array(values[Int($0)..<Int($1)]) }
            let width = max(nested.width, visits.map(\.count).max() ?? 0)
            shape = [max(1, visits.count), width]
            values = visits.flatMap { $0 + Array(repeating: 0, count: width - $0.count) }
            if visits.isEmpty { values = Array(repeating: 0, count: width) }
        case is MultiHotProcessor, is MultilabelProcessor:
            let classes = values.map { Int($0) }
            shape = [processor.size ?? 0]
            values = (0..<shape[0]).map { classes.contains($0) ? 1 : 0 }
        default: break
        }
    }
}

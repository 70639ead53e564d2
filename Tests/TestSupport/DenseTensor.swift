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
        case is SequenceProcessor, is CEHRProcessor: shape = [Int(column.offsets[0][1])]
        case let nested as NestedSequenceProcessor: padVisits(column, nested.width)
        case let stagenet as StageNetProcessor where column.offsets.count == 2:
            padVisits(column, stagenet.width)
        case is StageNetProcessor:
            if values.isEmpty { values = [0] }
            shape = [values.count]
        case let nested as DeepNestedSequenceProcessor: padGroups(column, nested)
        case let floats as NestedSequenceFloatsProcessor:
            if values.isEmpty { values = Self.empty(floats.width, floats.fillsForward) }
            shape = [values.count / floats.width, floats.width]
        case let floats as DeepNestedSequenceFloatsProcessor: padGroups(column, floats)
        case is NestedMultiHotProcessor: setVisits(column, processor.size ?? 0)
        case is StageNetTensorProcessor:
            let rows = Int(column.offsets[0][1])
            shape = rows == 0 ? [0] : [rows] + column.shape
        case is TimeSeriesProcessor, is TemporalTimeSeriesProcessor:
            shape = [Int(column.offsets[0][1])] + column.shape
        case is MultiHotProcessor, is MultilabelProcessor:
            let classes = values.map { Int($0) }
            shape = [processor.size ?? 0]
            values = (0..<shape[0]).map { classes.contains($0) ? 1 : 0 }
        default: break
        }
    }

    private static func empty(_ width: Int, _ fillsForward: Bool) -> [Float] {
        Array(repeating: fillsForward ? .nan : 0, count: width)
    }

    private mutating func padVisits(_ column: EncodedColumn, _ least: Int) {
        let ends = column.offsets[1]
        let visits = zip(ends, ends.dropFirst()).map { Array(values[Int($0)..<Int($1)]) }
        let width = max(least, visits.map(\.count).max() ?? 0)
        shape = [max(1, visits.count), width]
        values = visits.flatMap { $0 + Array(repeating: 0, count: width - $0.count) }
        if visits.isEmpty { values = Array(repeating: 0, count: width) }
    }

    private mutating func setVisits(_ column: EncodedColumn, _ width: Int) {
        let ends = column.offsets[1]
        let visits = zip(ends, ends.dropFirst()).map { Set(values[Int($0)..<Int($1)]) }
        shape = [max(1, visits.count), width]
        values = (visits.isEmpty ? [[]] : visits).flatMap { set in
            (0..<width).map { set.contains(Float($0)) ? 1 : 0 }
        }
    }

    private mutating func padGroups(_ column: EncodedColumn, _ processor: DeepNestedSequenceProcessor) {
        let (groups, ends) = (column.offsets[1], column.offsets[2])
        let rows = zip(ends, ends.dropFirst()).map { start, end -> [Float] in
            Array(values[Int(start)..<Int(end)])
                + Array(repeating: 0, count: processor.longest - Int(end - start))
        }
        let own = zip(groups, groups.dropFirst()).map { Array(rows[Int($0)..<Int($1)]) }
        pad(own, processor.longest, processor.mostVisits) { _ in
            Array(repeating: 0, count: processor.longest)
        }
    }

    private mutating func padGroups(
        _ column: EncodedColumn, _ processor: DeepNestedSequenceFloatsProcessor
    ) {
        let width = processor.longest
        let rows = stride(from: 0, to: values.count, by: width).map { Array(values[$0..<($0 + width)]) }
        let groups = column.offsets[1]
        let own = zip(groups, groups.dropFirst()).map { Array(rows[Int($0)..<Int($1)]) }
        let zeros = [Float](repeating: 0, count: width)
        pad(own, width, processor.mostVisits) { processor.fillsForward ? $0.last ?? zeros : zeros }
        if own.isEmpty { values = Self.empty(width, processor.fillsForward) }
    }

    private mutating func pad(
        _ groups: [[[Float]]], _ width: Int, _ least: Int, _ filler: ([[Float]]) -> [Float]
    ) {
        guard !groups.isEmpty else {
            shape = [1, 1, width]
            values = Array(repeating: 0, count: width)
            return
        }
        let visits = max(least, groups.map(\.count).max() ?? 0)
        shape = [groups.count, visits, width]
        values = groups.flatMap { group in
            (group + Array(repeating: filler(group), count: visits - group.count)).flatMap { $0 }
        }
    }
}

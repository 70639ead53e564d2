import ClinicalData

extension FieldColumn {
    /// The times of one sample; empty for a field without times.
    func times(of row: Int) -> ArraySlice<Double> {
        times.map { $0.values[$0.offsets[row]..<$0.offsets[row + 1]] } ?? []
    }

    /// The number of entries of one sample's outermost list.
    func entryCount(of row: Int) -> Int { offsets.first.map { $0[row + 1] - $0[row] } ?? 0 }

    /// The times of a range of samples as a column `<field>.time` of float32 with one level.
    ///
    /// A sample has either no time or one per entry, as it was given; else throws ``ProcessorError/badTimes(field:samples:)``.
    func encodedTimes(_ rows: Range<Int>, _ processor: String) throws -> EncodedColumn {
        let bad = rows.count { row in
            let times = times(of: row)
            return !times.allSatisfy(\.isFinite) || !(times.isEmpty || times.count == entryCount(of: row))
        }
        guard bad == 0 else { throw ProcessorError.badTimes(field: name, samples: bad) }
        return timeColumn(rows.map { times(of: $0).map { Float($0) } }, processor)
    }

    /// A column `<field>.time` with the given times per sample.
    func timeColumn(_ times: [[Float]], _ processor: String) -> EncodedColumn {
        EncodedColumn(
            name: "\(name).time", processor: processor,
            offsets: [times.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1.count)) }], shape: [],
            values: .float32(times.flatMap { $0 }), sampleCount: times.count)
    }
}

/// Raw values of one field over many samples: offsets per level of nesting and a flat list of leaves.
///
/// Layout: `offsets[0]` has one entry per sample plus one and delimits entries of the next level; the last level
/// delimits `leaves`. A scalar field has no offsets and one leaf per sample.
package struct FieldColumn: Sendable, Equatable {
    /// The leaves of a column.
    package enum Leaves: Sendable, Equatable {
        /// Indices into `dictionary`, which lists texts in order of first appearance; ``EventTable/missingSymbol`` for null.
        case symbols([UInt32], dictionary: [String])
        /// Numbers; ``FieldColumn/missingNumber`` for missing.
        case numbers([Double])
        /// Whole numbers; ``FieldColumn/missingInteger`` for missing.
        case integers([Int64])
    }

    /// The number that stands for a missing one: a NaN told from other NaNs by its payload 1954, as in R.
    package static let missingNumber = Double(bitPattern: 0x7FF8_0000_0000_07A2)
    /// The whole number that stands for a missing one.
    package static let missingInteger = Int64.min

    /// Whether `number` is ``missingNumber`` (and not any other NaN).
    @inlinable
    package static func isMissing(_ number: Double) -> Bool { number.bitPattern == 0x7FF8_0000_0000_07A2 }

    /// The times of a field that has them: one flat list, delimited per sample.
    package struct Times: Sendable, Equatable {
        /// One entry per sample plus one.
        package var offsets: [Int]
        /// The times of all samples, one after the other.
        package var values: [Double]

        /// Times with one offset per sample plus one.
        package init(offsets: [Int], values: [Double]) {
            self.offsets = offsets
            self.values = values
        }
    }

    /// The field's name.
    package var name: String
    /// One array of ascending offsets per level of nesting, outermost first.
    package var offsets: [[Int]]
    /// The flat values.
    package var leaves: Leaves
    /// The times of the entries of ``offsets``' first level; nil for a field without times.
    package var times: Times?

    package init(name: String, offsets: [[Int]], leaves: Leaves, times: Times? = nil) {
        self.name = name
        self.offsets = offsets
        self.leaves = leaves
        self.times = times
    }

    /// Where the leaves of every sample begin, and at the end where those of the last one end.
    package var leafBounds: [Int] {
        guard let first = offsets.first else { return Array(0...sampleCount) }
        return offsets.dropFirst().reduce(first) { bounds, level in bounds.map { level[$0] } }
    }

    /// The number of samples.
    package var sampleCount: Int {
        if let first = offsets.first { return first.count - 1 }
        switch leaves {
        case .symbols(let indices, _): return indices.count
        case .numbers(let values): return values.count
        case .integers(let values): return values.count
        }
    }
}

/// Raw samples of one shard, column by column, in canonical order.
package struct SampleColumns: Sendable, Equatable {
    /// Patient id per sample.
    package var patientIDs: [String]
    /// Visit id per sample; empty text where the task gives none.
    package var visitIDs: [String]
    /// Input fields, then output fields, in schema order.
    package var fields: [FieldColumn]

    package init(patientIDs: [String], visitIDs: [String], fields: [FieldColumn]) {
        self.patientIDs = patientIDs
        self.visitIDs = visitIDs
        self.fields = fields
    }

    /// The number of samples.
    package var count: Int { patientIDs.count }
}

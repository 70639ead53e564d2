package import Batching
import ClinicalData
package import Storage

/// Makes batches of any samples of a sample set.
package struct BatchSource {
    private let samples: SampleSet
    private let schema: ModelSchema
    private let includesTimes: Bool

    /// Batches with the fields of `schema`, and with the times of fields that have them if a model uses times.
    package init(samples: SampleSet, schema: ModelSchema, includesTimes: Bool = false) {
        self.samples = samples
        self.schema = schema
        self.includesTimes = includesTimes
    }

    /// The given samples (global numbers) in the given order; throws `StorageError`, `BatchingError`.
    package func batch(_ rows: [Int]) throws -> Batch {
        var fields: [String: BatchField] = [:]
        var times: [String: BatchTimes] = [:]
        for feature in schema.features {
            let column = try samples.column(feature.name, samples: rows)
            let field = try BatchField(column, size: feature.kind.size)
            fields[feature.name] = field
            guard includesTimes, feature.hasTimes else { continue }
            let own = try samples.column("\(feature.name).time", samples: rows)
            times[feature.name] = try BatchTimes(own, of: field)
        }
        return Batch(count: rows.count, fields: fields, times: times, labels: try labels(rows))
    }

    /// How much work a sample is: the values of all its features.
    package func size(of sample: Int) throws -> Int {
        try schema.features.reduce(0) { try $0 + samples.valueCount($1.name, sample: sample) }
    }

    /// The labels alone.
    package func labels(_ rows: [Int]) throws -> BatchLabels {
        try BatchLabels(try samples.column(schema.label, samples: rows), size: schema.outputSize)
    }
}

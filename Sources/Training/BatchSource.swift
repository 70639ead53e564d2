package import Batching
import ClinicalData
package import Storage

/// Makes batches of any samples of a sample set.
package struct BatchSource {
    private let samples: SampleSet
    private let schema: ModelSchema

    /// Batches with the fields of `schema`.
    package init(samples: SampleSet, schema: ModelSchema) {
        self.samples = samples
        self.schema = schema
    }

    /// The given samples (global numbers) in the given order; throws `StorageError`, `BatchingError`.
    package func batch(_ rows: [Int]) throws -> Batch {
        var fields: [String: BatchField] = [:]
        for feature in schema.features {
            let column = try samples.column(feature.name, samples: rows)
            fields[feature.name] = try BatchField(column, size: feature.kind.size)
        }
        return Batch(count: rows.count, fields: fields, labels: try labels(rows))
    }

    /// The labels alone.
    package func labels(_ rows: [Int]) throws -> BatchLabels {
        try BatchLabels(try samples.column(schema.label, samples: rows), size: schema.outputSize)
    }
}

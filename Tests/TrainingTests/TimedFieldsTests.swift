import Batching
import ClinicalData
import Groundwork
import Models
import Processors
import Storage
import Tensors
import Testing

@testable import Training

/// The models that take any field train on fields with times and visits of numbers, and give a patient the same bits in any company.
@Suite struct TimedFieldsTests {
    private static let seed: UInt64 = 4
    private static let models = ["LogisticRegression", "MLP", "RETAIN", "RNN", "Transformer"]

    private func model(_ name: String, _ schema: ModelSchema) throws -> any Model {
        let node = try ConfigurationNode.parse("{name: \(name), embedding_dim: 4}", file: "job.yaml")
        return try ModelCatalog.make(node, schema: schema, seed: 7)
    }

    @Test func theSchemaTellsKindsAndTimes() throws {
        let schema = try TimedFields(seed: Self.seed).schema
        #expect(schema.features.map(\.name) == TimedFields.inputs.map(\.name))
        #expect(schema.features.map(\.hasTimes) == [true, true, true, false, true, false, false])
        for (feature, isCodes) in zip(schema.features, [true, true, false, false, false, false, false]) {
            switch feature.kind {
            case .codes, .nestedCodes: #expect(isCodes)
            case .series: #expect(!isCodes)
            case .dense: Issue.record("\(feature.name) is no vector")
            }
        }
        #expect(schema.features[2].kind == .series(width: 3))
        #expect(schema.features[3].kind == .series(width: 2))
    }

    @Test(arguments: models)
    func everyModelTrains(name: String) throws {
        let fields = try TimedFields(seed: Self.seed)
        var configuration = TrainerConfiguration()
        configuration.epochs = 6
        configuration.batchSize = 8
        configuration.virtualRanks = 2
        configuration.optimizer.learningRate = 0.02
        let model = try model(name, fields.schema)
        let trainer = try Trainer(
            job: TrainingJob(configuration: configuration, seed: 3, digest: "job"), model: model,
            samples: fields.samples)
        let rows = fields.samples.split.indices.filter { fields.samples.split[$0] == 0 }
        let source = BatchSource(samples: fields.samples, schema: fields.schema)
        func loss() throws -> Float {
            try Predictor(model: model, batches: source).predict(rows).losses.reduce(0, +)
        }
        let before = try loss()
        let output = fields.folder.file("output")
        try Files.createFolder(output)
        try trainer.run(with: LonelyExchange(ranks: 2), folder: output) {}
        let losses = trainer.history.rows.map(\.trainLoss)
        #expect(losses.count == 6 && losses.allSatisfy { $0.isFinite }, "\(losses)")
        let after = try loss()
        #expect(after < before, "\(before), then \(after)")
    }

    @Test(arguments: models)
    func aPatientHasTheSameBitsAloneAndInAnyBatch(name: String) throws {
        let fields = try TimedFields(seed: Self.seed)
        let model = try model(name, fields.schema)
        let source = BatchSource(samples: fields.samples, schema: fields.schema, includesTimes: true)
        func logits(_ rows: [Int]) throws -> [UInt32] {
            let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
            return try model.forward(source.batch(rows), context).logit.array.map(\.bitPattern)
        }
        let rows = Array(0..<TimedFields.count)
        let together = try logits(rows)
        #expect(Set(together).count > TimedFields.count / 2)
        #expect(try logits(rows.reversed()) == together.reversed())
        for row in rows { #expect(try logits([row]) == [together[row]], "sample \(row)") }
    }

    @Test func aBatchHasOneTimePerStepForThoseWhoAskForThem() throws {
        let fields = try TimedFields(seed: Self.seed)
        let rows = Array(0..<TimedFields.count)
        #expect(try BatchSource(samples: fields.samples, schema: fields.schema).batch(rows).times.isEmpty)
        let batch = try BatchSource(samples: fields.samples, schema: fields.schema, includesTimes: true)
            .batch(rows)
        #expect(batch.times.keys.sorted() == ["codes", "doses", "labs", "visits"])
        for (name, times) in batch.times {
            let steps = try #require(batch.fields[name]?.steps)
            #expect(times.values.count == steps.total && times.isPresent.count == rows.count, "\(name)")
        }
        #expect(try #require(batch.times["codes"]).isPresent.contains(false))
        #expect(try #require(batch.times["doses"]).isPresent.allSatisfy { $0 })
    }

    @Test func timesOfStepsThatABatchLeavesOutAreLeftOut() throws {
        // Visits with times 1, 2, 3: [4], [], [] | none
        let visits = EncodedColumn(
            name: "field", processor: "stagenet", offsets: [[0, 3, 3], [0, 1, 1, 1]], shape: [],
            values: .int32([4]), sampleCount: 2)
        func times(_ values: [Float], _ offsets: [Int64]) -> EncodedColumn {
            EncodedColumn(
                name: "field.time", processor: "stagenet", offsets: [offsets], shape: [],
                values: .float32(values), sampleCount: offsets.count - 1)
        }
        let field = try BatchField(visits, size: 5)
        #expect(
            try BatchTimes(times([1, 2, 3], [0, 3, 3]), of: field)
                == BatchTimes(values: [1, 0], isPresent: [true, false]))
        let wide = BatchField.series([1, 2], width: 1, Segments(lengths: [2, 0]))
        #expect(throws: BatchingError.fieldDiffers(name: "field.time", expected: "one time per step")) {
            try BatchTimes(times([1], [0, 1, 1]), of: wide)
        }
        let error = #expect(throws: BatchingError.self) {
            try BatchTimes(times([1], [0, 1]), of: .dense([1], width: 1))
        }
        #expect(error?.code == "batching.unsupported-field")
    }

    @Test(arguments: ["deep_nested_sequence", "deep_nested_sequence_floats"])
    func deeplyNestedFieldsAreRefusedBeforeTraining(name: String) throws {
        let processors = try FittedProcessors(
            inputs: [FieldSchema("codes", "sequence"), FieldSchema("deep", name)],
            outputs: [FieldSchema("label", "binary")])
        #expect(throws: BatchingError.unsupportedField(name: "deep", processor: name)) {
            try ModelSchema(processors)
        }
    }

    @Test func aFieldWithoutAnyRowInTheFitIsRefused() throws {
        let processors = try FittedProcessors(
            inputs: [FieldSchema("labs", "stagenet_tensor")], outputs: [FieldSchema("label", "binary")])
        #expect(throws: BatchingError.emptyField(name: "labs")) { try ModelSchema(processors) }
    }
}

import Batching
import Digests
import Evaluation
import Groundwork
package import Models
package import Processors
package import Storage
package import Training

/// Model, samples and training job of a run, as every member and every prediction shard makes them alike.
package struct ModelSetup {
    package let model: any Model
    package let samples: SampleSet
    package let job: TrainingJob
    /// The processors that encoded the samples.
    package let processors: FittedProcessors

    /// Opens the samples and makes the model with fresh parameters; throws `PyHealthError`s.
    package init(
        job: JobConfiguration, samples files: [StageFile], processors processorsPath: String,
        runDirectory: String
    ) throws {
        processors = try FittedProcessors.load(processorsPath)
        samples = try SampleSet(paths: files.map { "\(runDirectory)/\($0.path)" })
        let schema = try ModelSchema(processors)
        let node = try job.document.root()
        let weight = try Self.positiveWeight(job.trainer.posWeight, samples, schema)
        model = try ModelCatalog.make(
            node.required("model"), schema: schema, seed: job.seed, positiveWeight: weight)
        self.job = TrainingJob(
            configuration: job.trainer, seed: job.seed, digest: try Self.digest(job, schema, files))
    }

    /// A digest of what a checkpoint must share with the run that loads it, defaults as if they were written; how long to train,
    /// which state to predict with, whether to look for NaN and how often to keep the state is not part of it.
    private static func digest(
        _ job: JobConfiguration, _ schema: ModelSchema, _ samples: [StageFile]
    ) throws -> String {
        let model = try job.document.root().required("model")
        var trainer = job.trainer
        trainer.epochs = 0
        trainer.patience = nil
        trainer.loadBestModelAtLast = true
        trainer.checkNumerics = false
        trainer.checkpointSeconds = nil
        trainer.virtualRanks = trainer.resolvedVirtualRanks
        trainer.metrics = trainer.metrics ?? MetricCatalog.defaults(schema.mode)
        let parts =
            [
                try model.required("name").string(), try ModelCatalog.options(model), "\(trainer)",
                "\(job.seed)",
            ]
            + samples.map(\.sha256)
        return SHA256.hex(of: parts.joined(separator: "\u{1F}"))
    }

    private static let labelBlock = 1024

    /// Weights of positive labels; `balanced`: negatives per positive of the training samples, 1 where there is none.
    private static func positiveWeight(
        _ weight: TrainerConfiguration.PositiveWeight?, _ samples: SampleSet, _ schema: ModelSchema
    ) throws -> [Float]? {
        switch weight {
        case nil: return nil
        case .values(let values):
            guard values.count == 1 || values.count == schema.outputSize else {
                throw ConfigurationError(
                    "pos-weight",
                    "trainer.pos_weight: \(values.count) numbers for \(schema.outputSize) labels. Give one for all, one per label "
                        + "in the order of samples/processors.json, or balanced.")
            }
            return values.map { Float($0) }
        case .balanced:
            let train = samples.split.indices.filter { samples.split[$0] == SplitPart.train.rawValue }
            let source = BatchSource(samples: samples, schema: schema)
            var positives = [Double](repeating: 0, count: schema.outputSize)
            // In blocks: as dense rows, many labels of all samples are large.
            for start in stride(from: 0, to: train.count, by: Self.labelBlock) {
                let block = Array(train[start..<min(start + Self.labelBlock, train.count)])
                for (place, label) in try source.labels(block).numbers.enumerated() {
                    positives[place % positives.count] += label
                }
            }
            return positives.map { $0 == 0 ? 1 : Float((Double(train.count) - $0) / $0) }
        }
    }
}

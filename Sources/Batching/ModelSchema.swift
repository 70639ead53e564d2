package import ClinicalData
package import Processors

/// What a model has to know about the fields: their kinds and sizes, and how the label is predicted.
package struct ModelSchema: Sendable, Equatable {
    /// What a field's values are.
    package enum Kind: Sendable, Equatable {
        /// Vocabulary indices in a row (`sequence`, flat `stagenet`, `cehr`).
        case codes(vocabulary: Int)
        /// Vocabulary indices per visit (`nested_sequence`, nested `stagenet`).
        case nestedCodes(vocabulary: Int)
        /// Rows of numbers (`timeseries`, `temporal_timeseries`, `stagenet_tensor`, `nested_sequence_floats`,
        /// `nested_multihot`, 2-D `tensor`).
        case series(width: Int)
        /// A vector (`multi_hot`, 1-D `tensor`).
        case dense(width: Int)

        /// Vocabulary entries, or columns.
        package var size: Int {
            switch self {
            case .codes(let size), .nestedCodes(let size), .series(let size), .dense(let size): size
            }
        }
    }

    /// One input field.
    package struct Feature: Sendable, Equatable {
        package var name: String
        package var kind: Kind
        /// Whether its steps can have times, in the encoded column `<name>.time`.
        package var hasTimes: Bool

        package init(_ name: String, _ kind: Kind, hasTimes: Bool = false) {
            self.name = name
            self.kind = kind
            self.hasTimes = hasTimes
        }
    }

    /// Input fields in schema order.
    package var features: [Feature]
    /// The output field's name.
    package var label: String
    /// How it is predicted.
    package var mode: PredictionMode
    /// Columns of the logits: 1 for binary and regression, else the number of classes.
    package var outputSize: Int

    package init(features: [Feature], label: String, mode: PredictionMode, outputSize: Int) {
        self.features = features
        self.label = label
        self.mode = mode
        self.outputSize = outputSize
    }

    /// The schema of fitted processors; fields that cannot go into a model (`text`, `raw`, `tuple_time_text`) are left out.
    ///
    /// Throws ``BatchingError`` if no input is left, a field is empty or nested too deeply, the output field is no label, or
    /// a label has fewer than two classes (multilabel: none).
    package init(_ processors: FittedProcessors) throws {
        features = try Self.features(of: processors)
        if let empty = features.first(where: { $0.kind.size == 0 }) {
            throw BatchingError.emptyField(name: empty.name)
        }
        let output = processors.fields.first { $0.role == .output }
        guard let output, let mode = processors.mode else {
            throw BatchingError.noLabel(
                name: output?.name ?? "none", processor: output?.processorName ?? "none")
        }
        label = output.name
        self.mode = mode
        outputSize = output.processor.size ?? 1
        guard outputSize >= (mode == .multiclass ? 2 : 1) else {
            throw BatchingError.tooFewClasses(label: label, classes: outputSize)
        }
    }

    /// Throws ``BatchingError`` if no input of these processors, fitted or not, can go into a model, or one is nested too
    /// deeply.
    package static func requireInputs(_ processors: FittedProcessors) throws {
        _ = try features(of: processors)
    }

    /// The inputs that no model takes: `text`, `raw`, `tuple_time_text`.
    package static func unused(in processors: FittedProcessors) -> [String] {
        processors.fields.filter {
            $0.role == .input && !isTooDeep($0.processor) && kind(of: $0.processor) == nil
        }
        .map(\.name)
    }

    private static func features(of processors: FittedProcessors) throws -> [Feature] {
        let inputs = processors.fields.filter { $0.role == .input }
        if let deep = inputs.first(where: { isTooDeep($0.processor) }) {
            throw BatchingError.unsupportedField(name: deep.name, processor: deep.processorName)
        }
        let features = inputs.compactMap { field in
            kind(of: field.processor).map { Feature(field.name, $0, hasTimes: field.processor.hasTimes) }
        }
        guard !features.isEmpty else { throw BatchingError.noInputs }
        return features
    }

    /// Whether values have a level more than any model takes.
    private static func isTooDeep(_ processor: any FeatureProcessor) -> Bool {
        processor is DeepNestedSequenceProcessor || processor is DeepNestedSequenceFloatsProcessor
    }

    private static func kind(of processor: any FeatureProcessor) -> Kind? {
        switch processor {
        case let codes as SequenceProcessor: .codes(vocabulary: codes.vocabulary.count)
        case let keys as CEHRProcessor: .codes(vocabulary: keys.vocabulary.count)
        case let nested as NestedSequenceProcessor: .nestedCodes(vocabulary: nested.vocabulary.count)
        case let codes as StageNetProcessor where codes.isNested == true:
            .nestedCodes(vocabulary: codes.vocabulary.count)
        case let codes as StageNetProcessor: .codes(vocabulary: codes.vocabulary.count)
        case let hot as NestedMultiHotProcessor: .series(width: hot.vocabulary.count)
        case let floats as NestedSequenceFloatsProcessor: .series(width: floats.width)
        case let series as StageNetTensorProcessor: .series(width: series.width ?? 0)
        case let series as TimeSeriesProcessor: .series(width: series.width ?? 0)
        case let series as TemporalTimeSeriesProcessor: .series(width: series.width ?? 0)
        case let hot as MultiHotProcessor: .dense(width: hot.vocabulary.count)
        case let tensor as TensorProcessor where tensor.axes ?? 0 > 1: .series(width: tensor.shape?.last ?? 0)
        case let tensor as TensorProcessor: .dense(width: tensor.width ?? 1)
        default: nil
        }
    }
}

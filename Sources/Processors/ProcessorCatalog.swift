package import ClinicalData
import Groundwork
import MedicalCodes

/// All processors by name.
package enum ProcessorCatalog {
    struct Entry: Sendable {
        let name: String
        let options: [String]
        let make: @Sendable (ProcessorOptions) throws -> any FeatureProcessor
        let decode: @Sendable (any Decoder) throws -> any FeatureProcessor
    }

    private static func entry<P: FeatureProcessor>(
        _: P.Type, options: [String] = [], _ make: @escaping @Sendable (ProcessorOptions) throws -> P
    ) -> Entry {
        Entry(name: P.name, options: options, make: make) { try P(from: $0) }
    }

    static let entries: [Entry] = [
        entry(BinaryProcessor.self) { _ in BinaryProcessor() },
        entry(CEHRProcessor.self, options: ["max_len"]) {
            CEHRProcessor(maximumLength: try $0.integer("max_len", in: 1...1_000_000) ?? 512)
        },
        entry(DeepNestedSequenceProcessor.self) { _ in DeepNestedSequenceProcessor() },
        entry(DeepNestedSequenceFloatsProcessor.self, options: ["forward_fill"]) {
            DeepNestedSequenceFloatsProcessor(fillsForward: try $0.flag("forward_fill") ?? true)
        },
        entry(IgnoreProcessor.self) { _ in IgnoreProcessor() },
        entry(MultiHotProcessor.self) { _ in MultiHotProcessor() },
        entry(MulticlassProcessor.self) { _ in MulticlassProcessor() },
        entry(MultilabelProcessor.self) { _ in MultilabelProcessor() },
        entry(NestedMultiHotProcessor.self, options: ["padding"]) {
            NestedMultiHotProcessor(padding: try $0.padding())
        },
        entry(NestedSequenceProcessor.self, options: ["padding"]) {
            NestedSequenceProcessor(padding: try $0.padding())
        },
        entry(NestedSequenceFloatsProcessor.self, options: ["forward_fill", "padding"]) {
            NestedSequenceFloatsProcessor(
                fillsForward: try $0.flag("forward_fill") ?? true, padding: try $0.padding())
        },
        entry(RawProcessor.self) { _ in RawProcessor() },
        entry(RegressionProcessor.self) { _ in RegressionProcessor() },
        entry(SequenceProcessor.self, options: ["code_mapping"]) {
            SequenceProcessor(mapping: try $0.codeMap("code_mapping"))
        },
        entry(StageNetProcessor.self, options: ["padding"]) {
            StageNetProcessor(padding: try $0.padding())
        },
        entry(StageNetTensorProcessor.self) { _ in StageNetTensorProcessor() },
        entry(TemporalTimeSeriesProcessor.self, options: SamplingGrid.options) {
            TemporalTimeSeriesProcessor(grid: try SamplingGrid($0))
        },
        entry(TensorProcessor.self, options: ["dtype"]) {
            TensorProcessor(dtype: try $0.choice("dtype", TensorProcessor.Element.self) ?? .float32)
        },
        entry(TextProcessor.self) { _ in TextProcessor() },
        entry(TimeSeriesProcessor.self, options: SamplingGrid.options) {
            TimeSeriesProcessor(grid: try SamplingGrid($0))
        },
        entry(TupleTimeTextProcessor.self, options: ["type_tag"]) {
            TupleTimeTextProcessor(tag: try $0.word("type_tag") ?? "note")
        },
    ]

    /// The names of all processors, in alphabetical order.
    package static var names: [String] { entries.map(\.name) }

    /// The options of a processor that a run file can give; maps of codes are given with the task.
    static func options(of processor: String) -> [String] {
        entries.first { $0.name == processor }.map { $0.options.filter { $0 != "code_mapping" } } ?? []
    }

    /// A processor that has learnt nothing yet, for a field of a schema.
    ///
    /// Throws `ConfigurationError` for an unknown name, an unknown option, and an option of a wrong type or out of range.
    package static func make(_ field: FieldSchema) throws -> any FeatureProcessor {
        guard let entry = entries.first(where: { $0.name == field.processor }) else {
            throw ConfigurationError(
                "unknown-processor",
                "Field \"\(field.name)\": processor \"\(field.processor)\" is not known."
                    + "\(suggestion(for: field.processor, among: names)) Valid: \(names.joined(separator: ", "))."
            )
        }
        let options = ProcessorOptions(field: field)
        try options.allow(entry.options)
        return try entry.make(options)
    }
}

/// The options of one field's processor, read strictly.
struct ProcessorOptions {
    let field: FieldSchema

    /// Refuses options outside `valid`.
    func allow(_ valid: [String]) throws {
        guard let unknown = field.options.keys.sorted().first(where: { !valid.contains($0) }) else { return }
        let list = valid.isEmpty ? "none" : valid.joined(separator: ", ")
        throw error("unknown-key", "unknown option \"\(unknown)\". Valid options: \(list).")
    }

    /// The option `padding`: extra places of a padded tensor. The default is 0.
    func padding() throws -> Int { try integer("padding", in: 0...100_000) ?? 0 }

    /// A whole number, nil if the option is not given.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        switch field.options[name] {
        case nil: return nil
        case .integer(let value) where range.contains(value): return value
        case .integer:
            throw error(
                "range", "\(name) is out of range. Valid: \(range.lowerBound) to \(range.upperBound).")
        case .number, .boolean, .text, .codeMapping: throw error("type", "\(name): expected a whole number.")
        }
    }

    /// A number, nil if the option is not given.
    func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        let value: Double
        switch field.options[name] {
        case nil: return nil
        case .integer(let whole): value = Double(whole)
        case .number(let number): value = number
        case .boolean, .text, .codeMapping: throw error("type", "\(name): expected a number.")
        }
        guard range.contains(value) else {
            throw error(
                "range", "\(name) is out of range. Valid: \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// Yes or no, nil if the option is not given.
    func flag(_ name: String) throws -> Bool? {
        switch field.options[name] {
        case nil: return nil
        case .boolean(let value): return value
        case .integer, .number, .text, .codeMapping: throw error("type", "\(name): expected true or false.")
        }
    }

    /// A word of any kind, nil if the option is not given.
    func word(_ name: String) throws -> String? {
        switch field.options[name] {
        case nil: return nil
        case .text(let text): return text
        case .integer, .number, .boolean, .codeMapping: throw error("type", "\(name): expected a text.")
        }
    }

    /// The map of a code mapping, read from its file; nil if the option is not given. Throws what is wrong with the file.
    func codeMap(_ name: String) throws -> CodeMap? {
        switch field.options[name] {
        case nil: return nil
        case .codeMapping(let source, let target, let file):
            return try CodeMap(file: file, source: source, target: target)
        default: throw error("type", "\(name): expected two vocabularies and a map between them.")
        }
    }

    /// One of the words of a closed set, nil if the option is not given.
    func choice<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _: Word.Type) throws -> Word? {
        guard let given = field.options[name] else { return nil }
        if case .text(let text) = given, let word = Word(rawValue: text) { return word }
        let valid = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw error("unknown-value", "\(name): expected one of \(valid).")
    }

    private func error(_ code: String, _ message: String) -> ConfigurationError {
        ConfigurationError(code, "Field \"\(field.name)\", processor \(field.processor): \(message)")
    }
}

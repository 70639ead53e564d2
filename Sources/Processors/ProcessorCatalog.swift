package import ClinicalData
package import Groundwork

/// All processors by name.
package enum ProcessorCatalog {
    struct Entry: Sendable {
        let name: String
        let make: @Sendable () -> any FeatureProcessor
        let decode: @Sendable (any Decoder) throws -> any FeatureProcessor
    }

    private static func entry<P: FeatureProcessor>(_: P.Type, _ make: @escaping @Sendable () -> P) -> Entry {
        Entry(name: P.name, make: make) { try P(from: $0) }
    }

    static let entries: [Entry] = [
        entry(BinaryProcessor.self) { BinaryProcessor() },
        entry(MultiHotProcessor.self) { MultiHotProcessor() },
        entry(MulticlassProcessor.self) { MulticlassProcessor() },
        entry(MultilabelProcessor.self) { MultilabelProcessor() },
        entry(NestedSequenceProcessor.self) { NestedSequenceProcessor() },
        entry(RawProcessor.self) { RawProcessor() },
        entry(RegressionProcessor.self) { RegressionProcessor() },
        entry(SequenceProcessor.self) { SequenceProcessor() },
        entry(TensorProcessor.self) { TensorProcessor() },
        entry(TextProcessor.self) { TextProcessor() },
    ]

    /// The names of all processors.
    package static var names: [String] { entries.map(\.name) }

    /// A processor that has learnt nothing yet; throws `ConfigurationError` for an unknown name.
    package static func make(_ name: String) throws -> any FeatureProcessor {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ConfigurationError(
                "unknown-processor",
                "Processor \"\(name)\" is not known.\(suggestion(for: name, among: names)) Valid: "
                    + "\(names.joined(separator: ", ")).")
        }
        return entry.make()
    }
}

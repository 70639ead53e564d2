package import ClinicalData
import Foundation
import Groundwork

/// The processors of a whole schema with what they have learnt; stored as plain JSON (`processors.json`).
package struct FittedProcessors: Codable, Sendable {
    /// Whether a field goes into the model or is predicted.
    package enum Role: String, Codable, Sendable { case input, output }

    /// One field.
    package struct Field: Codable, Sendable {
        package let name: String
        package let role: Role
        package var processor: any FeatureProcessor

        /// The processor's name.
        package var processorName: String { type(of: processor).name }

        private enum Keys: String, CodingKey { case name, role, processor, state }

        init(name: String, role: Role, processor: any FeatureProcessor) {
            self.name = name
            self.role = role
            self.processor = processor
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            name = try container.decode(String.self, forKey: .name)
            role = try container.decode(Role.self, forKey: .role)
            let kind = try container.decode(String.self, forKey: .processor)
            guard let entry = ProcessorCatalog.entries.first(where: { $0.name == kind }) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .processor, in: container, debugDescription: "unknown processor \(kind)")
            }
            processor = try entry.decode(try container.superDecoder(forKey: .state))
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(name, forKey: .name)
            try container.encode(role, forKey: .role)
            try container.encode(processorName, forKey: .processor)
            try processor.encode(to: container.superEncoder(forKey: .state))
        }
    }

    /// Input fields, then output fields, in schema order.
    package var fields: [Field]

    /// Processors that have learnt nothing yet; throws `ConfigurationError` for unknown names and options.
    package init(inputs: [FieldSchema], outputs: [FieldSchema]) throws {
        fields =
            try inputs.map { Field(name: $0.name, role: .input, processor: try ProcessorCatalog.make($0)) }
            + outputs.map { Field(name: $0.name, role: .output, processor: try ProcessorCatalog.make($0)) }
    }

    /// Learns from one part of the samples, parts in canonical order; `selecting` picks the training samples, nil all.
    ///
    /// Throws ``ProcessorError``.
    package mutating func fit(_ samples: SampleColumns, selecting: [Bool]?) throws {
        precondition(selecting?.count ?? samples.count == samples.count, "fit: one choice per sample")
        try requireFields(of: samples)
        for i in fields.indices { try fields[i].processor.fit(samples.fields[i], selecting: selecting) }
    }

    /// Ends the fit; throws ``ProcessorError`` where what was seen cannot be encoded.
    package mutating func finishFit() throws {
        for i in fields.indices { try fields[i].processor.finishFit(field: fields[i].name) }
    }

    /// Encodes a range of samples, without ignored fields; a field with times is followed by its times. Throws
    /// ``ProcessorError``.
    package func encode(_ samples: SampleColumns, rows: Range<Int>) throws -> [EncodedColumn] {
        try requireFields(of: samples)
        return try zip(fields, samples.fields).filter { !($0.0.processor is IgnoreProcessor) }.flatMap {
            [try $0.processor.encode($1, rows: rows), try $0.processor.encodeTimes($1, rows: rows)]
                .compactMap { $0 }
        }
    }

    /// How many lists (visits) of a range of samples are longer than any that was learnt from and are cut, by field with any.
    package func cuts(_ samples: SampleColumns, rows: Range<Int>) -> [String: Int] {
        var cuts: [String: Int] = [:]
        for (field, column) in zip(fields, samples.fields) where column.offsets.count >= 2 {
            guard let width = field.processor.cutWidth else { continue }
            let count = column.innerLengths(rows).count { $0 > width }
            if count > 0 { cuts[field.name] = count }
        }
        return cuts
    }

    /// How many of a range of samples have nothing in a list (in none of its visits), by input field with any.
    package func empties(_ samples: SampleColumns, rows: Range<Int>) -> [String: Int] {
        var empties: [String: Int] = [:]
        for (field, column) in zip(fields, samples.fields) {
            guard field.role == .input, !column.offsets.isEmpty, !(field.processor is IgnoreProcessor) else {
                continue
            }
            let count = rows.count { column.leafRange($0..<($0 + 1)).isEmpty }
            if count > 0 { empties[field.name] = count }
        }
        return empties
    }

    /// How many labels of a range of samples are left out, since no training sample has them, by field with any.
    package func unseenLabels(_ samples: SampleColumns, rows: Range<Int>) -> [String: Int] {
        var unseen: [String: Int] = [:]
        for (field, column) in zip(fields, samples.fields) {
            guard let count = (field.processor as? MultilabelProcessor)?.unseen(column, rows: rows), count > 0
            else { continue }
            unseen[field.name] = count
        }
        return unseen
    }

    private func requireFields(of samples: SampleColumns) throws {
        let (expected, got) = (fields.map(\.name), samples.fields.map(\.name))
        guard expected == got else { throw ProcessorError.otherFields(expected: expected, got: got) }
    }

    /// How the single output field is predicted; nil if there is none or it is no label.
    package var mode: PredictionMode? {
        fields.first { $0.role == .output }.flatMap { PredictionMode(rawValue: $0.processorName) }
    }

    /// Writes the processors as JSON, unflushed; throws `FileError`.
    package func save(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(self), to: path, durable: false)
    }

    /// Reads processors; throws `FileError` and ``ProcessorError/badState(path:reason:)``.
    package static func load(_ path: String) throws -> FittedProcessors {
        let data = try Files.contents(of: path)
        do {
            return try JSONDecoder().decode(FittedProcessors.self, from: data)
        } catch is DecodingError {
            throw ProcessorError.badState(path: path, reason: "not the expected JSON")
        }
    }
}

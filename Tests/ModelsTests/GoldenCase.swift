import Testing
import Batching
import ClinicalData
import Foundation
import Groundwork
import HDF5
import Layers
import Models
import Tensors
import TestSupport

/// One golden file of a model: inputs without padding, weights, expected results.
struct GoldenCase: CustomStringConvertible, Sendable {
    let name: String
    let model: String
    let path: String

    var description: String { name }

    /// The cases of a list in every manifest found whose model this product has.
    static func all(_ list: String) -> [GoldenCase] {
        References.references.flatMap { base -> [GoldenCase] in
            guard let data = try? Data(contentsOf: base.appendingPathComponent("models/manifest.json")),
                let manifest = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
                let cases = manifest[list] as? [[String: Any]]
            else { return [] }
            return cases.compactMap { entry in
                guard let name = entry["case"] as? String, let model = entry["model"] as? String,
                    let file = entry["file"] as? String, ModelCatalog.names.contains(model)
                else { return nil }
                return GoldenCase(name: name, model: model, path: base.appendingPathComponent(file).path)
            }
        }
    }

    func open() throws -> GoldenFile { try GoldenFile(self) }
}

/// An opened golden file.
struct GoldenFile {
    let file: HDF5File
    let model: any Model
    let features: [(name: String, processor: String)]
    let label: String
    let mode: PredictionMode

    init(_ golden: GoldenCase) throws {
        file = try HDF5File.open(golden.path)
        features = try Self.pairs(file.textAttribute("input_schema"))
        label = try Self.pairs(file.textAttribute("output_schema"))[0].name
        mode = try #require(PredictionMode(rawValue: try file.textAttribute("mode")))
        let schema = try Self.schema(file, features, label, mode)
        let config = try file.textAttribute("config")
        var node = try ConfigurationNode.parse(config, file: golden.name)
        node = try node.setting("name", to: golden.model)
        let notes = try file.textAttribute("notes")
        let weight = notes.firstMatch(of: /set_pos_weight\(\[?([0-9., ]+)\]?\)/).map { match in
            match.1.split(separator: ",").compactMap { Float($0.trimmingCharacters(in: .whitespaces)) }
        }
        model = try ModelCatalog.make(node, schema: schema, seed: 0, positiveWeight: weight)
        try model.parameters.load(try parameters("state"), into: model.parameters.values)
    }

    /// The arrays of a group under their parameter names.
    func parameters(_ group: String) throws -> [NamedParameter] {
        try file.members(of: group).map { name in
            let path = "\(group)/\(name)"
            return NamedParameter(
                name: name, shape: try file.info(of: path).shape, values: try file.read(path))
        }
    }

    /// The batch below `prefix`, without its padding.
    func batch(_ prefix: String = "") throws -> Batch {
        var fields: [String: BatchField] = [:]
        for (name, _) in features { fields[name] = try field(prefix, name) }
        let labels = "\(prefix)inputs/\(label)"
        let info = try file.info(of: labels)
        let values: BatchLabels =
            mode == .multiclass
            ? .classes(try file.read(labels)) : .values(try file.read(labels), width: info.shape.last ?? 1)
        return Batch(count: info.shape[0], fields: fields, labels: values)
    }

    private func field(_ prefix: String, _ name: String) throws -> BatchField {
        var path = "\(prefix)inputs/\(name)"
        if file.contains("\(path)/value") { path += "/value" }
        let info = try file.info(of: path)
        let lengthsPath = "\(prefix)inputs/derived/lengths/\(name)"
        let lengths: [Int64]? = file.contains(lengthsPath) ? try file.read(lengthsPath) : nil
        if case .integer = info.type { return try codes(path, info.shape, lengths) }
        let values: [Float] = try file.read(path)
        guard info.shape.count == 3 else { return .dense(values, width: info.shape[1]) }
        let (steps, width) = (info.shape[1], info.shape[2])
        let own = try lengths?.map(Int.init) ?? ownRows(name, steps, count: info.shape[0])
        var rows: [Float] = []
        for sample in 0..<info.shape[0] {
            rows += values[(sample * steps * width)..<((sample * steps + own[sample]) * width)]
        }
        return .series(rows, width: width, Segments(lengths: own))
    }

    /// Rows of a numeric sequence without stored lengths: those of a verbatim file, where padding counts as steps.
    private func ownRows(_ name: String, _ steps: Int, count: Int) throws -> [Int] {
        Array(repeating: steps, count: count)
    }

    private func codes(_ path: String, _ shape: [Int], _ lengths: [Int64]?) throws -> BatchField {
        let values: [Int32] = try file.read(path)
        let steps = shape[1]
        let width = shape.count == 3 ? shape[2] : 1
        var indices: [Int32] = []
        var visitLengths: [Int] = []
        var stepLengths: [Int] = []
        for sample in 0..<shape[0] {
            let rows = (0..<steps).map {
                Array(values[((sample * steps + $0) * width)..<((sample * steps + $0 + 1) * width)])
            }
            let last = rows.lastIndex { $0.contains { $0 != 0 } } ?? -1
            let own = max(1, lengths.map { Int($0[sample]) } ?? last + 1)
            stepLengths.append(own)
            for row in rows.prefix(own) {
                let kept = shape.count == 3 ? row.filter { $0 != 0 } : row
                indices += kept
                visitLengths.append(kept.count)
            }
        }
        let visits = Segments(lengths: stepLengths)
        return shape.count == 3
            ? .nestedCodes(indices, codes: Segments(lengths: visitLengths), visits: visits)
            : .codes(indices, visits)
    }

    private static func schema(
        _ file: HDF5File, _ features: [(name: String, processor: String)], _ label: String,
        _ mode: PredictionMode
    ) throws -> ModelSchema {
        let kinds = try features.map { name, _ -> ModelSchema.Feature in
            var path = "inputs/\(name)"
            if file.contains("\(path)/value") { path += "/value" }
            let info = try file.info(of: path)
            let table = "state/embedding_model.embedding_layers.\(name).weight"
            let size = try file.info(of: table).shape
            guard case .integer = info.type else {
                return .init(name, info.shape.count == 3 ? .series(width: size[1]) : .dense(width: size[1]))
            }
            return .init(
                name, info.shape.count == 3 ? .nestedCodes(vocabulary: size[0]) : .codes(vocabulary: size[0]))
        }
        return ModelSchema(
            features: kinds, label: label, mode: mode, outputSize: try file.info(of: "state/fc.bias").shape[0]
        )
    }

    private static func pairs(_ json: String) throws -> [(name: String, processor: String)] {
        let node = try ConfigurationNode.parse(json, file: "schema")
        return try node.keys.map { key in
            let value = try node.required(key)
            return (key, value.isSequence ? "" : try value.string())
        }
    }
}

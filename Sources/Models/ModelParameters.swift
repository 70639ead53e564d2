package import Layers

/// A parameter's values with its name and shape, as checkpoints hold them.
package struct NamedParameter: Sendable, Equatable {
    package var name: String
    package var shape: [Int]
    package var values: [Float]

    package init(name: String, shape: [Int], values: [Float]) {
        self.name = name
        self.shape = shape
        self.values = values
    }
}

extension ParameterArena {
    /// Copies of blocks with this arena's layout (values, moments) by parameter.
    package func named(_ block: UnsafeMutableBufferPointer<Float>) -> [NamedParameter] {
        parameters.map { NamedParameter(name: $0.name, shape: $0.shape, values: Array(block[$0.range])) }
    }

    /// Fills a block with this arena's layout; throws ``ModelError/parametersDiffer(missing:extra:reshaped:)`` unless names
    /// and shapes are exactly the arena's.
    package func load(_ stored: [NamedParameter], into block: UnsafeMutableBufferPointer<Float>) throws {
        let byName = Dictionary(stored.map { ($0.name, $0) }) { first, _ in first }
        let own = Set(parameters.map(\.name))
        let missing = parameters.map(\.name).filter { byName[$0] == nil }
        let extra = stored.map(\.name).filter { !own.contains($0) }
        let reshaped = parameters.filter { own in byName[own.name].map { $0.shape != own.shape } ?? false }
        guard missing.isEmpty, extra.isEmpty, reshaped.isEmpty else {
            throw ModelError.parametersDiffer(missing: missing, extra: extra, reshaped: reshaped.map(\.name))
        }
        for parameter in parameters {
            guard let values = byName[parameter.name]?.values else { continue }
            for (place, value) in zip(parameter.range, values) { block[place] = value }
        }
    }
}

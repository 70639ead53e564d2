package import Groundwork
import Kernels
package import Tensors

/// All parameters of a model in one flat block of values and one of gradients with the same layout.
///
/// Layout: parameters in the order in which the model asked for them, PyTorch's shapes row-major, each starting at a
/// multiple of 16 floats; the gaps hold zeros and stay zero. Optimizer, all-reduce and checkpoint see the blocks as a whole.
///
/// Gradients are added up by ``Context/backward(from:)`` until ``zeroGradients()``. Between these two calls nobody else may
/// write to ``gradients``; who averages over ranks does so in a buffer of his own.
package final class ParameterArena {
    /// One parameter's place.
    package struct Parameter: Sendable, Equatable {
        /// The dotted name, equal to PyTorch's `state_dict`.
        package let name: String
        package let shape: [Int]
        /// The first element in the flat blocks.
        package let offset: Int
        package let count: Int
        /// Whether the optimizer moves it.
        package let isTrainable: Bool
        /// Whether it is an embedding table, of which a step touches few rows.
        package let isEmbedding: Bool
        /// How fast a running statistic follows the batches; nil for what is no statistic.
        package let momentum: Float?

        /// The elements in the flat blocks.
        package var range: Range<Int> { offset..<offset + count }

        /// Where the next parameter begins.
        package var end: Int { offset + (count + 15) / 16 * 16 }
    }

    /// The table of parameters, in order.
    package let parameters: [Parameter]
    /// All values.
    package let values: UnsafeMutableBufferPointer<Float>
    /// All gradients.
    package let gradients: UnsafeMutableBufferPointer<Float>
    private let slots: [ParameterSlot]
    private let tensors: [Tensor]
    private let places: [String: Int]

    init(_ drafts: [ParameterDraft], seed: UInt64) {
        var offset = 0
        parameters = drafts.map { draft in
            defer { offset += (draft.tensor.count + 15) / 16 * 16 }
            return Parameter(
                name: draft.name, shape: draft.tensor.shape, offset: offset, count: draft.tensor.count,
                isTrainable: draft.slot.isTrainable, isEmbedding: draft.initializer == .embedding,
                momentum: draft.momentum)
        }
        values = Self.zeroed(offset)
        gradients = Self.zeroed(offset)
        slots = drafts.map(\.slot)
        tensors = drafts.map(\.tensor)
        places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
        for (parameter, draft) in zip(parameters, drafts) { bind(parameter, draft, seed) }
    }

    deinit {
        UnsafeMutableRawPointer(values.baseAddress)?.deallocate()
        UnsafeMutableRawPointer(gradients.baseAddress)?.deallocate()
    }

    /// The place of the parameter `name` in ``parameters``, nil if there is none.
    package func index(of name: String) -> Int? { places[name] }

    /// The parameter at `index` as the tensor that the model uses.
    package func tensor(at index: Int) -> Tensor { tensors[index] }

    /// Adds up gradients from now on in `block`, which has the arena's layout and holds zeros, as if they had been forgotten.
    ///
    /// The block must live until gradients are collected elsewhere; ``gradients`` are no longer written to.
    package func collectGradients(in block: UnsafeMutableBufferPointer<Float>) {
        precondition(
            block.count == gradients.count, "arena: \(gradients.count) gradients, got \(block.count)")
        guard let base = block.baseAddress else { return }
        for (parameter, slot) in zip(parameters, slots) { slot.rebind(gradient: base + parameter.offset) }
    }

    /// Forgets all gradients. Costs what was touched since the last time.
    package func zeroGradients() { for slot in slots { slot.clear() } }

    /// For every parameter, whether it took part in a loss since ``zeroGradients()``.
    package var receivedGradient: [Bool] { slots.map(\.receivedGradient) }

    /// Calls `body` for every parameter to whose gradient something was added since `counts` was written, and writes it again.
    package func forEachArrival(since counts: inout [Int], _ body: (_ parameter: Int) -> Void) {
        for (place, slot) in slots.enumerated() where slot.arrivals != counts[place] {
            counts[place] = slot.arrivals
            body(place)
        }
    }

    /// The elements of the flat blocks whose gradient may not be zero, ascending and apart.
    package var gradientRanges: [Range<Int>] {
        zip(parameters, slots).flatMap { parameter, slot in
            TouchedFloats.shifted(slot.touchedRanges, by: parameter.offset)
        }
    }

    /// The name of the first parameter with a NaN or an infinity in `block` (values or gradients), nil if all is finite.
    package func firstNonFinite(in block: TouchedFloats) -> String? {
        guard let base = block.values.baseAddress else { return nil }
        for range in block.touched {
            guard let place = Kernel.firstNonFinite(base + range.lowerBound, count: range.count) else {
                continue
            }
            return parameters.first { range.lowerBound + place < $0.end }?.name
        }
        return nil
    }

    /// Lets the running statistics follow what the virtual ranks observed, and clears that from `gradients`.
    ///
    /// `gradients` has the arena's layout and holds, where a statistic stands, the sum of the ranks' observations;
    /// `ranks`, one entry per parameter, tells how many ranks observed. The mean over the ranks counts. To be called once
    /// per step, before the gradients' norm is taken.
    package func follow(_ gradients: UnsafeMutableBufferPointer<Float>, ranks: [Double]) {
        for (parameter, count) in zip(parameters, ranks) where count > 0 {
            guard let momentum = parameter.momentum else { continue }
            for place in parameter.range {
                let observed = gradients[place] / Float(count)
                values[place] += momentum * (observed - values[place])
                gradients[place] = 0
            }
        }
    }

    private static func zeroed(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        let floats = block.bindMemory(to: Float.self, capacity: max(count, 16))
        floats.update(repeating: 0, count: max(count, 16))
        return UnsafeMutableBufferPointer(start: floats, count: count)
    }

    private func bind(_ parameter: Parameter, _ draft: ParameterDraft, _ seed: UInt64) {
        guard let values = values.baseAddress, let gradients = gradients.baseAddress else { return }
        draft.tensor.bind(values: values + parameter.offset)
        draft.slot.bind(gradient: gradients + parameter.offset)
        var stream = RandomStream(seed: seed ^ nameHash(parameter.name), purpose: .parameters)
        let target = UnsafeMutableBufferPointer(rebasing: self.values[parameter.range])
        draft.initializer.fill(target, columns: draft.tensor.columns, &stream)
    }
}

/// FNV-1a of the name's bytes.
private func nameHash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
}

extension Initializer {
    /// Draws the first values.
    fileprivate func fill(
        _ target: UnsafeMutableBufferPointer<Float>, columns: Int, _ stream: inout RandomStream
    ) {
        switch self {
        case .zeros: target.update(repeating: 0)
        case .ones: target.update(repeating: 1)
        case .uniform(let bound):
            for i in target.indices { target[i] = (stream.nextFloat() * 2 - 1) * bound }
        case .normal(let deviation): fillNormal(target, deviation, &stream)
        case .embedding:
            fillNormal(target, 1, &stream)
            for i in 0..<min(columns, target.count) { target[i] = 0 }
        }
    }

    private func fillNormal(
        _ target: UnsafeMutableBufferPointer<Float>, _ deviation: Float, _ stream: inout RandomStream
    ) {
        for i in target.indices { target[i] = deviation * stream.nextNormal() }
    }
}

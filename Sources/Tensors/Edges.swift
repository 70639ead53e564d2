/// The edges of a graph, or of several side by side, in compressed rows: for every node those that end in it.
///
/// The edges of a node stay in the order in which they were given; whatever is summed over them is summed in this order.
/// Edges may occur more than once.
package struct Edges: Sendable, Equatable {
    /// Nodes → the edges that end there.
    package let incoming: Segments
    /// Per edge the node it comes from.
    package let sources: [Int32]
    /// Per edge its weight.
    package let weights: [Float]

    private init(_ incoming: Segments, _ sources: [Int32], _ weights: [Float]) {
        self.incoming = incoming
        self.sources = sources
        self.weights = weights
    }

    /// Edges given one by one: edge j goes from node `sources[j]` to node `targets[j]`. Without weights all are 1.
    package init(nodes: Int, from sources: [Int32], to targets: [Int32], weights: [Float]? = nil) {
        let isInside = { (node: Int32) in node >= 0 && node < nodes }
        require(
            sources.count == targets.count && (weights?.count ?? sources.count) == sources.count,
            "edges: \(sources.count) sources, \(targets.count) targets, \(weights?.count ?? sources.count) weights"
        )
        require(
            sources.allSatisfy(isInside) && targets.allSatisfy(isInside),
            "edges: a node is outside 0 ..< \(nodes)")
        var lengths = [Int](repeating: 0, count: nodes)
        for target in targets { lengths[Int(target)] += 1 }
        incoming = Segments(lengths: lengths)
        var next = incoming.offsets
        var sorted = sources, values = [Float](repeating: 1, count: sources.count)
        for (edge, target) in targets.enumerated() {
            let place = Int(next[Int(target)])
            next[Int(target)] += 1
            sorted[place] = sources[edge]
            if let weights { values[place] = weights[edge] }
        }
        self.sources = sorted
        self.weights = values
    }

    /// Graphs side by side: the nodes of each follow those of the one before.
    package init(joining graphs: [Edges]) {
        var lengths: [Int] = [], sources: [Int32] = [], weights: [Float] = []
        for graph in graphs {
            let first = Int32(lengths.count)
            lengths += (0..<graph.nodes).map { graph.incoming[$0].count }
            sources += graph.sources.map { $0 + first }
            weights += graph.weights
        }
        self.init(Segments(lengths: lengths), sources, weights)
    }

    /// Every node of a segment joined with every node of the same segment, itself included, weights 1.
    package static func complete(_ segments: Segments) -> Edges {
        var lengths: [Int] = [], sources: [Int32] = []
        for index in 0..<segments.count {
            for _ in segments[index] {
                lengths.append(segments[index].count)
                sources += segments[index].map(Int32.init)
            }
        }
        return Edges(Segments(lengths: lengths), sources, Array(repeating: 1, count: sources.count))
    }

    /// The number of nodes.
    package var nodes: Int { incoming.count }
    /// The number of edges.
    package var count: Int { sources.count }

    /// The same with an edge of weight 1 from every node to itself that has none, behind the node's other edges.
    package var withLoops: Edges {
        var lengths: [Int] = [], sources: [Int32] = [], weights: [Float] = []
        for node in 0..<nodes {
            let edges = incoming[node]
            sources += self.sources[edges]
            weights += self.weights[edges]
            let hasLoop = edges.contains { self.sources[$0] == node }
            if !hasLoop {
                sources.append(Int32(node))
                weights.append(1)
            }
            lengths.append(edges.count + (hasLoop ? 0 : 1))
        }
        return Edges(Segments(lengths: lengths), sources, weights)
    }

    /// Weights wⱼᵢ / √(dⱼ dᵢ), d the sum of the weights that end in a node; 0 where d is not positive.
    ///
    /// Of ``withLoops`` this is D̂^−½ Â D̂^−½. Source: Kipf and Welling, Semi-supervised classification with graph
    /// convolutional networks, ICLR 2017, equation 2.
    package var normalized: Edges {
        let inverse = (0..<nodes).map { node -> Float in
            let degree = incoming[node].reduce(Float(0)) { $0 + weights[$1] }
            return degree > 0 ? 1 / degree.squareRoot() : 0
        }
        var scaled = weights
        for node in 0..<nodes {
            for edge in incoming[node] { scaled[edge] *= inverse[Int(sources[edge])] * inverse[node] }
        }
        return Edges(incoming, sources, scaled)
    }
}

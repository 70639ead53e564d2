import Foundation
import Layers
import Tensors
import Testing

/// Samples whose numbers depend on their own seed alone, one after another.
struct SampleBatch {
    static let width = 12
    /// Height, width and channels of each sample's image.
    static let image = [4, 6, 5]

    let seeds: [UInt64]
    let segments: Segments
    let x: [Float]
    let z: [Float]
    let images: [Float]
    let codes: [Int32]
    let valid: [Bool]
    let edges: Edges

    init(_ seeds: [UInt64]) {
        self.seeds = seeds
        var lengths: [Int] = [], x: [Float] = [], z: [Float] = [], images: [Float] = [], codes: [Int32] = []
        var valid: [Bool] = [], graphs: [Edges] = []
        for seed in seeds {
            var probe = Probe(seed)
            let length = probe.lengths(1, upTo: 40, allowingEmpty: false)[0] + 5
            lengths.append(length)
            x += probe.values(length * Self.width)
            z += probe.values(length * Self.width)
            images += probe.values(Self.image.reduce(1, *))
            codes += probe.integers(length, below: 30)
            valid += [true] + probe.flags(length - 1)
            let count = 3 * length
            graphs.append(
                Edges(
                    nodes: length, from: probe.integers(count, below: length),
                    to: probe.integers(count, below: length), weights: probe.values(count)))
        }
        segments = Segments(lengths: lengths)
        (self.x, self.z, self.images, self.codes, self.valid) = (x, z, images, codes, valid)
        edges = Edges(joining: graphs)
    }

    var count: Int { seeds.count }
}

/// A batch's tensors in one context.
struct OperationInputs {
    let context: Context
    let batch: SampleBatch
    /// Steps `[N, 12]`.
    let x: Tensor
    let z: Tensor
    /// Images `[B, 4, 6, 5]`.
    let images: Tensor

    init(_ batch: SampleBatch, _ context: Context) {
        self.batch = batch
        self.context = context
        let shape = [batch.segments.total, SampleBatch.width]
        x = context.variable(batch.x, shape: shape)
        z = context.variable(batch.z, shape: shape)
        images = context.variable(batch.images, shape: [batch.count] + SampleBatch.image)
    }

    var segments: Segments { batch.segments }

    /// The same numbers in every batch, above zero.
    func weight(_ shape: [Int], _ tag: UInt64 = 1) -> Tensor {
        var probe = Probe(tag &* 7919)
        return context.tensor(probe.values(shape.reduce(1, *)).map { abs($0) }, shape: shape)
    }

    /// Rows that follow each other by sample, `count` per step.
    func perStep(_ y: Tensor, _ count: Int = 1) -> OperationResult {
        .rows(y, Segments(offsets: segments.offsets.map { $0 * Int32(count) }))
    }

    /// The same number of rows (or images) for every sample.
    func perSample(_ y: Tensor) -> OperationResult {
        let rows = y.rows / max(batch.count, 1)
        return .rows(y, Segments(lengths: Array(repeating: rows, count: batch.count)))
    }
}

enum OperationResult {
    /// A tensor whose rows belong to the samples.
    case rows(Tensor, Segments)
    case loss(Loss)
}

/// An operation of `Context` on a batch.
struct TableEntry: Sendable, CustomTestStringConvertible {
    /// The name of the method.
    let name: String
    var variant = ""
    /// The operations that do its work, where it has no loop of its own.
    var parts: [String] = []
    /// Whether NaN among the inputs must show in its result.
    var passesNaN = true
    let run: @Sendable (Context, OperationInputs) -> OperationResult

    var testDescription: String { variant.isEmpty ? name : "\(name) \(variant)" }

    init(
        _ name: String, _ variant: String = "", parts: [String] = [], passesNaN: Bool = true,
        _ run: @escaping @Sendable (Context, OperationInputs) -> OperationResult
    ) {
        (self.name, self.variant, self.parts, self.passesNaN) = (name, variant, parts, passesNaN)
        self.run = run
    }

    /// The bits of every sample's results and of its inputs' gradients.
    func bits(_ seeds: [UInt64]) -> [[UInt32]] {
        let batch = SampleBatch(seeds)
        let context = Context(mode: .evaluation, recordsGradients: true, pool: BufferPool())
        let inputs = OperationInputs(batch, context)
        var found = [[UInt32]](repeating: [], count: seeds.count)
        let add = { (values: [Float], segments: Segments, columns: Int) in
            for sample in 0..<seeds.count {
                let rows = segments[sample]
                found[sample] += values[rows.lowerBound * columns..<rows.upperBound * columns].map(
                    \.bitPattern)
            }
        }
        switch run(context, inputs) {
        case .loss(let loss):
            add(loss.perSample, .singles(seeds.count), 1)
            context.backward(from: loss.total)
        case .rows(let y, let segments):
            add(y.array, segments, y.columns)
            let weights = (0..<seeds.count).flatMap { sample -> [Float] in
                var probe = Probe(seeds[sample] ^ 0x5555)
                return probe.values(segments[sample].count * y.columns)
            }
            guard y.wantsGradient else { break }
            context.backward(
                from: context.sum(context.multiply(y, context.tensor(weights, shape: y.shape))))
        }
        for input in [inputs.x, inputs.z] {
            if let gradient = input.gradient { add(gradient, batch.segments, input.columns) }
        }
        if let gradient = inputs.images.gradient {
            add(gradient, .singles(seeds.count), inputs.images.count / max(seeds.count, 1))
        }
        return found
    }
}

/// Every method of `Context` that makes a tensor out of others, at least once.
enum OperationTable {
    /// Operations whose result belongs to no single sample.
    static let ofWholeBatches: Set = ["sum", "mean"]

    static let all = elementwise + rows + segments + selections + mixing + signals + images + losses

    /// The operations in the sources of `Context`.
    static func namesInSources() throws -> Set<String> {
        try names(/^    package func (\w+)/.anchorsMatchLineEndings(), in: "Sources/Tensors", "Context+")
    }

    /// The operations with which the names of gradient cases begin.
    static func namesOfGradientCases() throws -> Set<String> {
        try names(/GradientCase\(\s*"(\w+)/, in: "Tests/TensorsTests", "")
    }

    private static func names(
        _ pattern: Regex<(Substring, Substring)>, in folder: String, _ prefix: String
    ) throws -> Set<String> {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(folder)
        let files = try FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix(prefix) && $0.pathExtension == "swift" }
        return try files.reduce(into: []) { names, file in
            let text = try String(contentsOf: file, encoding: .utf8)
            names.formUnion(text.matches(of: pattern).map { String($0.1) })
        }
    }

    private static let elementwise =
        Activation.allCases.map { function in
            TableEntry("activation", "\(function)") { $1.perStep($0.activation($1.x, function)) }
        } + [
            TableEntry("add") { $1.perStep($0.add($1.x, $1.z)) },
            TableEntry("subtract") { $1.perStep($0.subtract($1.x, $1.z)) },
            TableEntry("multiply") { $1.perStep($0.multiply($1.x, $1.z)) },
            TableEntry("exp") { $1.perStep($0.exp($1.x)) },
            TableEntry("log", parts: ["exp"]) { $1.perStep($0.log($0.exp($1.x))) },
            TableEntry("squareRoot", parts: ["exp"]) { $1.perStep($0.squareRoot($0.exp($1.x))) },
            TableEntry("divide", parts: ["exp"]) { $1.perStep($0.divide($1.z, $0.exp($1.x))) },
            TableEntry("scale") { $1.perStep($0.scale($1.x, -1.7)) },
            TableEntry("addRow") { $1.perStep($0.addRow($1.x, $1.weight([12]))) },
            TableEntry("scaleRows") { $1.perStep($0.scaleRows($1.x, $0.columns($1.z, 3..<4))) },
            TableEntry("keepRows", parts: ["scaleRows"]) {
                $1.perStep($0.keepRows($1.x, where: $1.batch.valid))
            },
            TableEntry("dropout", passesNaN: false) { $1.perStep($0.scale($0.dropout($1.x, 0.5), 2)) },
            TableEntry("choose") {
                $1.perStep($0.choose($1.x, where: $0.compare($1.x, .less, $1.z), else: $1.z))
            },
            TableEntry("compare", passesNaN: false) {
                let flags = $0.compare($1.x, .greater, $1.z).map { $0 ? Float(1) : 0 }
                return $1.perStep($0.tensor(flags, shape: $1.x.shape))
            },
            TableEntry("maximum", parts: ["choose"]) { $1.perStep($0.maximum($1.x, $1.z)) },
            TableEntry("minimum", parts: ["choose"]) { $1.perStep($0.minimum($1.x, $1.z)) },
        ]

    private static let rows = [
        TableEntry("linear") { $1.perStep($0.linear($1.x, $1.weight([37, 12]), $1.weight([37], 2))) },
        TableEntry("matmul") { $1.perStep($0.matmul($1.x, $1.weight([12, 19]))) },
        TableEntry("softmax") { $1.perStep($0.softmax($1.x)) },
        TableEntry("softmax", "of valid elements") {
            $1.perStep($0.softmax($1.x, valid: $1.batch.codes.flatMap { c in (0..<12).map { $0 != c % 12 } }))
        },
        TableEntry("logSoftmax") { $1.perStep($0.logSoftmax($1.x)) },
        TableEntry("logSoftmax", "of valid elements", passesNaN: false) {
            $1.perStep($0.logSoftmax($1.x, valid: $0.compare($1.z, .greater, -0.9)))
        },
        TableEntry("sparsemax") { $1.perStep($0.sparsemax($1.x)) },
        TableEntry("layerNorm") {
            $1.perStep($0.layerNorm($1.x, $1.weight([12]), $1.weight([12], 2)))
        },
        TableEntry("batchNorm", "in evaluation") {
            let running = RunningStatistics(mean: $1.weight([12]), variance: $1.weight([12], 2))
            return $1.perStep($0.batchNorm($1.x, $1.weight([12], 3), $1.weight([12], 4), running))
        },
        TableEntry("concatenate") { $1.perStep($0.concatenate([$1.x, $1.z, $1.x])) },
        TableEntry("columns") { $1.perStep($0.columns($1.x, 2..<9)) },
        TableEntry("rowSum") { $1.perStep($0.rowSum($1.x)) },
        TableEntry("rowMean") { $1.perStep($0.rowMean($1.x)) },
        TableEntry("embedding", passesNaN: false) {
            $1.perStep($0.embedding($1.weight([30, 7]), $1.batch.codes))
        },
        TableEntry("embeddingSum", passesNaN: false) {
            $1.perSample($0.embeddingSum($1.weight([30, 7]), $1.batch.codes, $1.segments))
        },
        TableEntry("embeddingMean", passesNaN: false) {
            $1.perSample($0.embeddingMean($1.weight([30, 7]), $1.batch.codes, $1.segments))
        },
    ]

    private static let segments = [
        TableEntry("gatherRows") {
            // the first step of every sample for each of its steps
            let firsts = (0..<$1.segments.count).flatMap { [segments = $1.segments] sample in
                segments[sample].map { _ in Int32(segments[sample].lowerBound) }
            }
            return $1.perStep($0.gatherRows($1.x, rows: firsts))
        },
        TableEntry("scatterAddRows") {
            let ends = (0..<$1.segments.count).flatMap { [segments = $1.segments] sample in
                segments[sample].map {
                    Int32(segments[sample].lowerBound + ($0 - segments[sample].lowerBound) / 3)
                }
            }
            return $1.perStep($0.scatterAddRows($1.x, rows: ends, count: $1.x.rows))
        },
        TableEntry("first", parts: ["gatherRows"]) { $1.perSample($0.first($1.x, $1.segments)) },
        TableEntry("last", parts: ["gatherRows"]) { $1.perSample($0.last($1.x, $1.segments)) },
        TableEntry("reversed", parts: ["gatherRows"]) { $1.perStep($0.reversed($1.x, $1.segments)) },
        TableEntry("segmentSum") { $1.perSample($0.segmentSum($1.x, $1.segments)) },
        TableEntry("segmentMean") {
            $1.perSample($0.segmentMean($1.x, $1.segments, valid: $1.batch.valid))
        },
        TableEntry("weightedSegmentSum") {
            $1.perSample(
                $0.weightedSegmentSum($1.x, weights: $0.columns($1.z, 0..<1), $1.segments))
        },
        TableEntry("segmentSoftmax") { $1.perStep($0.segmentSoftmax($1.x, $1.segments)) },
        TableEntry("segmentSoftmax", "of one column") {
            $1.perStep($0.segmentSoftmax($0.columns($1.x, 0..<1), $1.segments))
        },
        TableEntry("segmentSoftmax", "of valid rows", parts: ["gatherRows"]) {
            $1.perStep($0.segmentSoftmax($1.x, $1.segments, valid: $1.batch.valid))
        },
        TableEntry("segmentLogSoftmax") { $1.perStep($0.segmentLogSoftmax($1.x, $1.segments)) },
        TableEntry("groupNorm") {
            $1.perStep($0.groupNorm($1.x, $1.segments, groups: 3, $1.weight([12]), $1.weight([12], 2)))
        },
    ]

    private static let selections = [
        TableEntry("gatherColumns", parts: ["topK"]) {
            $1.perStep($0.gatherColumns($1.x, places: $0.topK($1.z, 3).places, count: 3))
        },
        TableEntry("sort") { $1.perStep($0.sort($1.x).values) },
        TableEntry("sort", "ascending") { $1.perStep($0.sort($1.x, descending: false).values) },
        TableEntry("topK") { $1.perStep($0.topK($1.x, 5).values) },
        TableEntry("rowMax") { $1.perStep($0.rowMax($1.x).values) },
        TableEntry("rowMin") { $1.perStep($0.rowMin($1.x).values) },
        TableEntry("segmentMax") { $1.perSample($0.segmentMax($1.x, $1.segments).values) },
        TableEntry("segmentMin") { $1.perSample($0.segmentMin($1.x, $1.segments).values) },
    ]

    private static let mixing =
        RecurrentCell.allCases.map { cell in
            TableEntry("recurrent", "\(cell)") { context, inputs in
                let weights = [false, true].map { reversed in
                    RecurrentWeights(
                        input: context.scale(inputs.weight([cell.gates * 9, 12], 1), 0.3),
                        hidden: context.scale(inputs.weight([cell.gates * 9, 9], 2), 0.3),
                        inputBias: inputs.weight([cell.gates * 9], 3),
                        hiddenBias: inputs.weight([cell.gates * 9], 4), reversed: reversed)
                }
                return inputs.perStep(context.recurrent(cell, inputs.x, inputs.segments, weights))
            }
        } + [
            TableEntry("attention") {
                $1.perStep(
                    $0.attention(
                        query: $1.x, key: $1.z, value: $1.x, heads: 3, segments: $1.segments,
                        valid: $1.batch.valid))
            },
            TableEntry("crossAttention") {
                let last = $0.last($1.z, $1.segments)
                return $1.perStep(
                    $0.crossAttention(
                        query: $1.x, key: last, value: last, heads: 3, segments: $1.segments,
                        keySegments: .singles($1.batch.count)))
            },
            TableEntry("graphConvolution") {
                $1.perStep($0.graphConvolution($1.x, $1.batch.edges.withLoops))
            },
            TableEntry("graphAttention") {
                $1.perStep(
                    $0.graphAttention(
                        $1.x, source: $1.weight([12]), target: $1.weight([12], 2),
                        $1.batch.edges.withLoops, heads: 3))
            },
            TableEntry("selectiveScan") {
                $1.perStep(
                    $0.selectiveScan(
                        $1.x, delta: $0.activation($1.z, .softplus), a: $0.scale($1.weight([12, 5]), -1),
                        b: $0.columns($1.z, 0..<5), c: $0.columns($1.x, 4..<9), skip: $1.weight([12], 2),
                        $1.segments))
            },
        ]

    private static let signals = [
        TableEntry("frames") { $1.perStep($0.frames($1.x, size: 4, hop: 3), 3) },
        TableEntry("realFourier", parts: ["matmul"]) {
            $1.perStep($0.realFourier($1.x, FourierBasis(size: 12)))
        },
        TableEntry("shortTimeFourier", parts: ["frames", "matmul"]) {
            $1.perStep($0.shortTimeFourier($1.x, FourierBasis(size: 8), hop: 2), 3)
        },
        TableEntry("magnitude") { $1.perStep($0.magnitude($1.x)) },
        TableEntry("conv1d") {
            let (y, segments) = $0.conv1d(
                $1.x, $1.segments, $1.weight([8, 6, 3]), $1.weight([8], 2), stride: 2, padding: 1, groups: 2)
            return .rows(y, segments)
        },
        TableEntry("conv1d", "causal") {
            let (y, segments) = $0.conv1d(
                $1.x, $1.segments, $1.weight([16, 12, 4]), causal: true, dilation: 2)
            return .rows(y, segments)
        },
        TableEntry("maxPool1d") {
            let (y, segments) = $0.maxPool1d($1.x, $1.segments, kernel: 3, stride: 2, padding: 1)
            return .rows(y, segments)
        },
        TableEntry("averagePool1d") {
            let (y, segments) = $0.averagePool1d($1.x, $1.segments, kernel: 3, stride: 2, padding: 1)
            return .rows(y, segments)
        },
        TableEntry("adaptiveAveragePool1d") {
            $1.perSample($0.adaptiveAveragePool1d($1.x, $1.segments, size: 4))
        },
        TableEntry("adaptiveMaxPool1d") {
            $1.perSample($0.adaptiveMaxPool1d($1.x, $1.segments, size: 4))
        },
    ]

    private static let images = [
        TableEntry("convTranspose1d") {
            let (y, segments) = $0.convTranspose1d(
                $1.x, $1.segments, $1.weight([12, 7, 4]), $1.weight([7], 2), stride: 2, padding: 1,
                outputPadding: 1)
            return .rows(y, segments)
        },
        TableEntry("convTranspose2d") {
            $1.perSample(
                $0.convTranspose2d($1.images, $1.weight([5, 7, 3, 2]), $1.weight([7], 2), padding: 1))
        },
        TableEntry("conv2d") {
            $1.perSample($0.conv2d($1.images, $1.weight([7, 5, 3, 2]), $1.weight([7], 2), padding: 1))
        },
        TableEntry("maxPool2d") { $1.perSample($0.maxPool2d($1.images, kernel: 3, stride: 2, padding: 1)) },
        TableEntry("averagePool2d") { $1.perSample($0.averagePool2d($1.images, kernel: 2)) },
        TableEntry("adaptiveAveragePool2d") {
            $1.perSample($0.adaptiveAveragePool2d($1.images, size: Extent(3, 2)))
        },
        TableEntry("adaptiveMaxPool2d") {
            $1.perSample($0.adaptiveMaxPool2d($1.images, size: Extent(3, 2)))
        },
        TableEntry("groupNorm", "of images") {
            $1.perSample($0.groupNorm(images: $1.images, groups: 1, $1.weight([5]), $1.weight([5], 2)))
        },
        TableEntry("channelsFirst") { $1.perSample($0.channelsFirst($1.images)) },
        TableEntry("channelsLast") {
            $1.perSample($0.channelsLast($1.images, channels: 4, height: 6, width: 5))
        },
    ]

    private static let losses = [
        TableEntry("binaryCrossEntropy") { context, inputs in
            let z = context.first(inputs.x, inputs.segments)
            return .loss(
                context.binaryCrossEntropy(
                    logits: z, targets: targets(context, inputs), positiveWeight: [2]))
        },
        TableEntry("crossEntropy") { context, inputs in
            let z = context.first(inputs.x, inputs.segments)
            let labels = (0..<inputs.batch.count).map {
                inputs.batch.codes[inputs.segments[$0].lowerBound] % 12
            }
            return .loss(context.crossEntropy(logits: z, labels: labels))
        },
        TableEntry("meanSquaredError") { context, inputs in
            let z = context.first(inputs.x, inputs.segments)
            return .loss(context.meanSquaredError(predictions: z, targets: targets(context, inputs)))
        },
        TableEntry("hinge") { context, inputs in
            let z = context.first(inputs.x, inputs.segments)
            return .loss(context.hinge(scores: z, targets: targets(context, inputs)))
        },
        TableEntry("multilabelMargin") { context, inputs in
            let z = context.first(inputs.x, inputs.segments)
            return .loss(context.multilabelMargin(scores: z, targets: targets(context, inputs)))
        },
    ]

    private static func targets(_ context: Context, _ inputs: OperationInputs) -> [Float] {
        context.first(inputs.z, inputs.segments).array.map { $0 > 0 ? 1 : 0 }
    }
}

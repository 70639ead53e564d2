import Batching
import ClinicalData
import Groundwork
import Models
import Tensors
import Testing

/// Samples with every kind of field, whose numbers depend on their own seed alone.
private struct Samples {
    static let schema = ModelSchema(
        features: [
            .init("codes", .codes(vocabulary: 20)), .init("visits", .nestedCodes(vocabulary: 20)),
            .init("series", .series(width: 3)), .init("numbers", .dense(width: 4)),
        ], label: "label", mode: .multiclass, outputSize: 3)

    private var codes: [Int32] = [], codeLengths: [Int] = []
    private var visits: [Int32] = [], visitLengths: [Int] = [], visitCounts: [Int] = []
    private var series: [Float] = [], seriesLengths: [Int] = []
    private var numbers: [Float] = []
    private var classes: [Int32] = []

    init(_ seeds: [UInt64]) {
        for seed in seeds {
            var stream = RandomStream(seed: seed, purpose: .test)
            let length = 1 + stream.nextInt(below: 30)
            codes += (0..<length).map { _ in Int32(stream.nextInt(below: 20)) }
            codeLengths.append(length)
            let count = 1 + stream.nextInt(below: 9)
            visitCounts.append(count)
            for visit in 0..<count {
                // visits in the middle may be empty
                let size = visit == count - 1 ? 2 : stream.nextInt(below: 6)
                visitLengths.append(size)
                visits += (0..<size).map { _ in Int32(1 + stream.nextInt(below: 19)) }
            }
            let rows = 1 + stream.nextInt(below: 12)
            seriesLengths.append(rows)
            series += (0..<rows * 3).map { _ in stream.nextFloat() * 2 - 1 }
            numbers += (0..<4).map { _ in stream.nextFloat() * 2 - 1 }
            classes.append(Int32(stream.nextInt(below: 3)))
        }
    }

    var batch: Batch {
        Batch(
            count: classes.count,
            fields: [
                "codes": .codes(codes, Segments(lengths: codeLengths)),
                "visits": .nestedCodes(
                    visits, codes: Segments(lengths: visitLengths), visits: Segments(lengths: visitCounts)),
                "series": .series(series, width: 3, Segments(lengths: seriesLengths)),
                "numbers": .dense(numbers, width: 4),
            ], labels: .classes(classes))
    }
}

/// Every model of the catalog gives a sample the same bits alone and in any batch.
@Suite struct ModelBatchTests {
    @Test func aModelThatDoesNotFitIntoMemoryIsRefusedBeforeAnyIsTaken() throws {
        let node = try ConfigurationNode.parse(
            "{name: MLP, embedding_dim: 65536, hidden_dim: 65536, n_layers: 1000}", file: "job.yaml")
        let error = #expect(throws: ConfigurationError.self) {
            try ModelCatalog.make(node, schema: Samples.schema, seed: 3)
        }
        #expect(error?.code == "config.model-too-large")
    }

    @Test(arguments: ModelCatalog.names)
    func aSampleHasTheSameBitsAloneAndInAnyBatch(_ name: String) throws {
        let node = try ConfigurationNode.parse("{name: \(name)}", file: "job.yaml")
        let model = try ModelCatalog.make(node, schema: Samples.schema, seed: 3)
        let bits = { (seeds: [UInt64]) throws -> [[UInt32]] in
            let context = Context(mode: .evaluation, recordsGradients: false, pool: BufferPool())
            let output = try model.forward(Samples(seeds).batch, context)
            let losses = try #require(output.loss).perSample
            return seeds.indices.map { row in
                [output.logit, output.embed].flatMap { part in
                    part.array[row * part.columns..<(row + 1) * part.columns].map(\.bitPattern)
                } + [losses[row].bitPattern]
            }
        }
        for start in [UInt64(10), 50] {
            let seeds = (0..<11).map { start + $0 }
            let alone = try seeds.map { try bits([$0])[0] }
            #expect(Set(alone).count == seeds.count, "seeds \(seeds)")
            #expect(try bits(seeds) == alone, "seeds \(seeds)")
            #expect(try bits(seeds.reversed()) == alone.reversed(), "seeds \(seeds), reversed")
            #expect(try bits(Array(seeds[3..<7])) == Array(alone[3..<7]), "seeds \(seeds[3..<7])")
        }
    }
}

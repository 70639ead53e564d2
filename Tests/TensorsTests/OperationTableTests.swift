import Kernels
import Layers
import Tensors
import Testing

/// What holds for every operation of `Context`.
@Suite struct OperationTableTests {
    @Test func everyOperationIsInTheTable() throws {
        let inSources = try OperationTable.namesInSources()
        let inTable = Set(OperationTable.all.map(\.name)).union(OperationTable.ofWholeBatches)
        #expect(inSources.count > 60)
        #expect(inSources.subtracting(inTable).sorted() == [])
        #expect(inTable.subtracting(inSources).sorted() == [])
    }

    @Test func everyOperationsGradientIsChecked() throws {
        let checked = try OperationTable.namesOfGradientCases()
        let operations = try OperationTable.namesInSources().subtracting(["compare"])
        #expect(operations.subtracting(checked).sorted() == [])
    }

    @Test(arguments: OperationTable.all)
    func aSampleHasTheSameBitsAloneAndInAnyBatch(_ entry: TableEntry) {
        for start in [UInt64(100), 200] {
            let seeds = (0..<9).map { start + $0 }
            let alone = seeds.map { entry.bits([$0])[0] }
            #expect(alone.allSatisfy { !$0.isEmpty } && Set(alone).count > 1, "seeds \(seeds)")
            #expect(entry.bits(seeds) == alone, "seeds \(seeds)")
            #expect(entry.bits(seeds.reversed()) == alone.reversed(), "seeds \(seeds), reversed")
            #expect(entry.bits(Array(seeds[2..<5])) == Array(alone[2..<5]), "seeds \(seeds[2..<5])")
        }
    }

    @Test func neighboursThatMatterAreNoticed() {
        let mixing = TableEntry("softmax over the whole batch") {
            $1.perStep($0.segmentSoftmax($1.x, Segments(lengths: [$1.x.rows])))
        }
        #expect(mixing.bits([1, 2]) != [1, 2].map { mixing.bits([$0])[0] })
    }

    @Test(.enabled(if: Kernel.bestLevel == .avx512)) func fusedLevelsGiveTheSameBits() async {
        await #expect(processExitsWith: .success) {
            let first = OperationTable.all.map { $0.bits([1, 2, 3]) }
            #expect(Kernel.use(.avx2) == .avx2)
            for (entry, bits) in zip(OperationTable.all, first) {
                #expect(entry.bits([1, 2, 3]) == bits, "\(entry.testDescription)")
            }
        }
    }

    @Test(arguments: OperationTable.all.filter(\.passesNaN))
    func aNumberThatIsNoneIsFoundInTheOperationThatItReaches(_ entry: TableEntry) {
        let context = Context(
            mode: .evaluation, recordsGradients: true, pool: BufferPool(), checksNumerics: true)
        let inputs = OperationInputs(SampleBatch([1, 2]), context)
        // behind the back of the check for inputs
        for input in [inputs.x, inputs.z, inputs.images] {
            input.values.update(repeating: .nan, count: input.count)
        }
        _ = entry.run(context, inputs)
        let helpers = ["first", "columns", "activation", "gatherRows"]
        #expect(([entry.name] + entry.parts + helpers).contains(context.numericFault?.operation ?? "none"))
    }
}

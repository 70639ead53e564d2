import Tensors
import Testing

/// Sorting, extremes, comparisons, gather and scatter against their plain definitions.
@Suite struct SelectionTests {
    private let segments = Segments(lengths: [2, 0, 3])

    @Test(arguments: [UInt64(1), 2, 3])
    func sortingAgreesWithAStableSort(_ seed: UInt64) {
        var probe = Probe(seed)
        // few different values: ties
        let values = probe.integers(7 * 23, below: 9).map { Float($0) - 4 }
        let context = context()
        let x = context.tensor(values, shape: [7, 23])
        for descending in [true, false] {
            let sorted = context.sort(x, descending: descending)
            for row in 0..<7 {
                let own = Array(values[row * 23..<row * 23 + 23])
                let order = own.indices.sorted {
                    own[$0] == own[$1] ? $0 < $1 : descending ? own[$0] > own[$1] : own[$0] < own[$1]
                }
                #expect(sorted.places[row * 23..<row * 23 + 23].map(Int.init) == order)
                #expect(Array(sorted.values.array[row * 23..<row * 23 + 23]) == order.map { own[$0] })
            }
        }
        let best = context.topK(x, 4), all = context.sort(x)
        #expect(best.values.shape == [7, 4])
        for row in 0..<7 {
            #expect(best.places[row * 4..<row * 4 + 4] == all.places[row * 23..<row * 23 + 4])
        }
        #expect(context.rowMax(x).places == (0..<7).map { all.places[$0 * 23] })
        #expect(
            context.rowMin(x).places == (0..<7).map { context.sort(x, descending: false).places[$0 * 23] })
        #expect(context.rowMin(x).values.shape == [7, 1])
    }

    @Test(arguments: [1, 3, 16, 19, 40])
    func segmentExtremesAgreeWithTheirDefinition(_ columns: Int) {
        var probe = Probe(UInt64(columns))
        let values = probe.integers(5 * columns, below: 5).map { Float($0) - 2 }
        let context = context()
        let x = context.tensor(values, shape: [5, columns])
        let largest = context.segmentMax(x, segments), smallest = context.segmentMin(x, segments)
        for column in 0..<columns {
            for segment in [0, 2] {
                let rows = segments[segment], at = { (row: Int) in values[row * columns + column] }
                let place = segment * columns + column
                let top = rows.map(at).max() ?? 0, bottom = rows.map(at).min() ?? 0
                #expect(largest.values.array[place] == top && smallest.values.array[place] == bottom)
                let firstTop = rows.first { at($0) == top }, firstBottom = rows.first { at($0) == bottom }
                #expect(firstTop == Int(largest.places[place]))
                #expect(firstBottom == Int(smallest.places[place]))
            }
            #expect(largest.values.array[columns + column] == 0 && largest.places[columns + column] == -1)
        }
    }

    @Test func notANumberComesThrough() {
        let context = context()
        let x = context.tensor([1, .nan, 3, .nan, -.infinity, 2], shape: [3, 2])
        #expect(context.segmentMax(x, Segments(lengths: [3])).places == [1, 0])
        #expect(context.segmentMin(x, Segments(lengths: [3])).places == [2, 0])
        #expect(context.rowMax(x).places == [1, 1, 1] && context.rowMin(x).places == [1, 1, 0])
        #expect(context.sort(x).places == [1, 0, 1, 0, 1, 0])
        let one = context.tensor([.nan, 1, 1], shape: [1, 3]),
            two = context.tensor([0, .nan, 2], shape: [1, 3])
        #expect(context.maximum(one, two).array.map(\.isNaN) == [true, true, false])
        #expect(context.minimum(one, two).array.map(\.isNaN) == [true, true, false])
        #expect(context.maximum(one, two).array[2] == 2 && context.minimum(one, two).array[2] == 1)
    }

    @Test func allOfMinusInfinityHasAFirst() {
        let context = context()
        let x = context.tensor([-.infinity, -.infinity], shape: [2, 1])
        let largest = context.segmentMax(x, Segments(lengths: [2]))
        #expect(largest.places == [0] && largest.values.array == [-.infinity])
    }

    @Test func gatherAndScatterAreEachOthersPullback() {
        let context = context(.training, records: true)
        let x = context.variable([1, 2, 3, 4, 5, 6], shape: [3, 2])
        let y = context.scatterAddRows(x, rows: [1, -1, 1], count: 3)
        #expect(y.array == [0, 0, 6, 8, 0, 0])
        let weights = context.tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
        context.backward(from: context.sum(context.multiply(y, weights)))
        #expect(x.gradient == [3, 4, 0, 0, 3, 4])
        #expect(context.gatherColumns(x, places: [1, 1, 0, 1, 0, 0], count: 2).array == [2, 2, 3, 4, 5, 5])
    }

    @Test func comparisonsAndChoices() {
        let context = context()
        let a = context.tensor([1, 2, 3, .nan], shape: [2, 2]),
            b = context.tensor([2, 2, 2, 2], shape: [2, 2])
        let expected: [Comparison: [Bool]] = [
            .less: [true, false, false, false], .lessOrEqual: [true, true, false, false],
            .equal: [false, true, false, false], .notEqual: [true, false, true, true],
            .greaterOrEqual: [false, true, true, false], .greater: [false, false, true, false],
        ]
        for comparison in Comparison.allCases {
            #expect(context.compare(a, comparison, b) == expected[comparison])
            #expect(context.compare(a, comparison, 2) == expected[comparison])
        }
        #expect(context.choose(a, where: context.compare(a, .less, 4), else: b).array == [1, 2, 3, 2])
        #expect(context.rowSum(b).array == [4, 4] && context.rowMean(b).array == [2, 2])
    }

    @Test func refusesPlacesOutside() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.scatterAddRows(context.tensor([1], shape: [1, 1]), rows: [3], count: 3)
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.gatherColumns(context.tensor([1], shape: [1, 1]), places: [1], count: 1)
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.topK(context.tensor([1], shape: [1, 1]), 2)
        }
    }
}

import Groundwork
import Testing

/// Counts of 1 to 10 people are not told, and cannot be found by subtraction.
struct SmallCellsTests {
    @Test func countsBelowElevenAreHiddenAndZeroIsNot() {
        #expect([0, 1, 10, 11, 500].map(SmallCells.text) == ["0", "<11", "<11", "11", "500"])
    }

    @Test func theOnlySmallAddendTakesTheSmallestLargeOneWithIt() {
        #expect(SmallCells.texts(addends: [0, 10, 11, 500]) == ["0", "<11", "withheld", "500"])
        #expect(SmallCells.texts(addends: [1, 10, 500]) == ["<11", "<11", "500"])
        #expect(SmallCells.texts(addends: [0, 11]) == ["0", "11"])
        #expect(SmallCells.texts(addends: [7]) == ["<11"])
        #expect(SmallCells.texts(addends: []) == [])
    }

    @Test func theOnlySmallCountTakenOutHidesBehindAnotherOrTheTotalButNotTheRest() {
        #expect(
            SmallCells.texts(total: 150, taken: [7, 43, 0], rest: 100) == [
                "150", "<11", "withheld", "0", "100",
            ])
        #expect(SmallCells.texts(total: 107, taken: [7, 0], rest: 100) == ["withheld", "<11", "0", "100"])
        #expect(SmallCells.texts(total: 109, taken: [7, 2], rest: 100) == ["109", "<11", "<11", "100"])
        #expect(SmallCells.texts(total: 105, taken: [0, 100], rest: 5) == ["105", "0", "withheld", "<11"])
        #expect(SmallCells.texts(total: 9, taken: [nil], rest: 9) == ["withheld", "", "<11"])
    }

    @Test func noHiddenCountFollowsFromTheTotalAndTheOthers() {
        for seed in 0..<200 as Range<UInt64> {
            var stream = RandomStream(seed: seed, purpose: .test)
            let taken = (0..<4).map { _ in Int.random(in: 0..<40, using: &stream) }
            let rest = Int.random(in: 0..<40, using: &stream)
            let texts = SmallCells.texts(total: taken.reduce(rest, +), taken: taken, rest: rest)
            let unknown = texts.count { Int($0) == nil }
            #expect(unknown != 1 || texts[0] == "<11", "seed \(seed): \(texts)")
            for (text, count) in zip(texts.dropFirst(), taken + [rest]) where (1...10).contains(count) {
                #expect(text == "<11", "seed \(seed)")
            }
        }
    }

    @Test func sharesThatTellSmallCountsAreHidden() {
        #expect(!SmallCells.mayShare(1, of: 129) && !SmallCells.mayShare(128, of: 129))
        #expect(SmallCells.mayShare(0, of: 129) && SmallCells.mayShare(129, of: 129))
        #expect(SmallCells.mayShare(50, of: 129) && !SmallCells.mayShare(0, of: 10))
    }
}

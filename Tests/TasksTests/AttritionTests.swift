import Foundation
import Groundwork
import Testing

@testable import Tasks

@Suite struct AttritionTests {
    @Test func writesATableWithQuotedCells() {
        var attrition = Attrition(rules: ["a, \"b\"", "nothing left"])
        attrition.enter(visits: 3)
        attrition.exclude("a, \"b\"", visits: 1)
        attrition.emit(label: 10)
        attrition.emit(label: 2)
        attrition.close(samples: 2, rule: "nothing left")
        #expect(
            attrition.csv == """
                step,patients,visits,samples
                in,1,3,
                "excluded: a, ""b""\",0,1,
                excluded: nothing left,0,0,
                out,1,2,2
                label 2,,,1
                label 10,,,1

                """)
        #expect(attrition.isBalanced)
    }

    /// What stands in a patient's row is shown to nobody: a label may be any text.
    @Test func showsClassesAndNoTextOfTheTables() {
        var attrition = Attrition(rules: [])
        for label in ["3", "True", "canary one", "12901", "canary two", "canary two"] {
            attrition.emit(text: label)
        }
        #expect(!attrition.csv.contains("canary") && !attrition.csv.contains("12901"))
        #expect(attrition.shownLabels.map(\.name) == ["3", "True", "#1", "#2", "#3"])
        #expect(attrition.shownLabels.map(\.samples) == [1, 1, 1, 1, 2])
    }

    @Test func noticesAVisitThatIsNotAccountedFor() {
        var attrition = Attrition(rules: ["left out"])
        attrition.enter(visits: 2)
        attrition.emit(label: 0)
        attrition.close(samples: 1, rule: "left out")
        #expect(!attrition.isBalanced)
        attrition.exclude("left out", visits: 1)
        #expect(attrition.isBalanced)
    }

    @Test(arguments: 1...20) func addsUpToTheSameInEveryGrouping(seed: UInt64) throws {
        var random = RandomStream(seed: seed, purpose: .test)
        let rules = ["r0", "r1", "r2"]
        let parts = (0..<12).map { _ in
            var part = Attrition(rules: rules)
            for _ in 0..<random.nextInt(below: 6) {
                part.enter(visits: random.nextInt(below: 4))
                part.exclude(rules[random.nextInt(below: 3)], patients: 1, visits: random.nextInt(below: 3))
                part.emit(label: random.nextInt(below: 12))
                part.close(samples: random.nextInt(below: 2), rule: "r0")
            }
            return part
        }
        var oneByOne = Attrition(rules: rules)
        for part in parts { oneByOne.merge(part) }
        var groups = parts
        while groups.count > 1 {
            let at = random.nextInt(below: groups.count - 1)
            groups[at].merge(groups.remove(at: at + 1))
        }
        #expect(groups.first == oneByOne, "seed \(seed)")
        let stored = try JSONDecoder().decode(Attrition.self, from: JSONEncoder().encode(oneByOne))
        #expect(stored == oneByOne)
    }

    @Test func whatMessagesTellHasNoSmallCounts() {
        var attrition = Attrition(rules: ["a", "b"])
        attrition.enter(visits: 30)
        for _ in 0..<39 { attrition.enter(visits: 1) }
        attrition.exclude("a", patients: 12, visits: 12)
        attrition.exclude("b", patients: 3, visits: 4)
        for label in 0..<25 { attrition.emit(label: label < 20 ? 0 : 1) }
        #expect(attrition.csv.contains("excluded: b,3,4,") && attrition.csv.contains("label 1,,,5"))
        #expect(attrition.told.contains("excluded: b,<11,<11,") && attrition.told.contains("label 1,,,<11"))
        #expect(attrition.told.contains("excluded: a,withheld,withheld,"))
        #expect(attrition.told.contains("label 0,,,withheld"))
        #expect(attrition.told.split(separator: "\n").count == attrition.csv.split(separator: "\n").count)
    }
}

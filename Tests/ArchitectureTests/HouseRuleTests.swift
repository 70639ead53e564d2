import Testing

@Suite struct HouseRuleTests {
    /// Lines of a file.
    static let fileCeiling = 500

    @Test func filesStayBelowTheCeiling() {
        for file in SourceTree.sources + SourceTree.tests where file.lines.count > Self.fileCeiling {
            Issue.record("\(file.path) has \(file.lines.count) lines, at most \(Self.fileCeiling)")
        }
    }

    /// Written in pieces, so that this file does not break its own rule.
    static let forbidden = ["try" + "!", "fatal" + "Error(", " as" + "!", "TO" + "DO", "FIX" + "ME"]

    @Test(arguments: forbidden) func sourcesHaveNo(word: String) {
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() where line.contains(word) {
                Issue.record("\(file.place(number)) has \(word)")
            }
        }
    }

    static let machinePaths = ["/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", "/tmp" + "/dev"]

    @Test(arguments: machinePaths) func nothingNamesAMachinesFolders(path: String) {
        for file in SourceTree.everything {
            for (number, line) in file.lines.enumerated() where line.contains(path) {
                Issue.record("\(file.place(number)) has the absolute path \(path)")
            }
        }
    }

    @Test func testsUseSwiftTestingOnly() {
        for file in SourceTree.tests {
            for (number, line) in file.lines.enumerated() where ImportTests.module(in: line) == "XCTest" {
                Issue.record("\(file.place(number)) imports XCTest")
            }
        }
    }
}

import DelimitedText
import Foundation
import Groundwork
import MedicalCodes
import TestSupport
import Testing

@Suite struct CodeMapTests {
    private func map(_ text: String, name: String = "map.csv") throws -> CodeMap {
        let folder = try TemporaryFolder("codes")
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
        return try CodeMap(file: folder.file(name), source: "ICD9CM", target: "CCSCM")
    }

    @Test func keepsAllTargetsInFileOrderAndStandardisesTheSource() throws {
        let found = try map("flags,ICD9CM,CCSCM\n1,428.0,108\n2,250.00,49\n3,428.0,\"1,07\"\n4,428.0,108\n")
        #expect(found.targets(of: "4280") == ["108", "1,07", "108"])
        #expect(found.targets(of: "428.0") == found.targets(of: "4280"))
        #expect(found.targets(of: "428") == [])
        #expect(found.targets(of: "") == [])
        #expect(found.count == 2)
    }

    @Test func readsTabsAndAByteOrderMark() throws {
        let found = try map("\u{FEFF}ICD9CM\tCCSCM\r\n428.0\t108\r\n", name: "map.tsv")
        #expect(found.targets(of: "4280") == ["108"])
    }

    @Test func isTheSameAfterStoring() throws {
        let found = try map("ICD9CM,CCSCM\n428.0,108\n428.0,107\n250.00,49\n")
        #expect(try JSONDecoder().decode(CodeMap.self, from: JSONEncoder().encode(found)) == found)
    }

    @Test(arguments: [
        ("ICD9CM,CCS\n428.0,108\n", "codes.missing-column", "\"CCSCM\""),
        ("ICD9CM,CCSCM\n428.0,108\n,49\n", "codes.empty-code", "line 3, column \"ICD9CM\""),
        ("ICD9CM,CCSCM\n428.0,\n", "codes.empty-code", "line 2, column \"CCSCM\""),
        ("ICD9CM,CCSCM\n", "codes.no-rows", "no rows"), ("", "data.no-header", "header"),
        ("ICD9CM,CCSCM\n428.0,108\n428.0,108,1\n", "data.ragged-row", "line 3"),
        ("ICD9CM,CCSCM\n428.0,\"108\n", "data.unclosed-quote", "line 2"),
    ])
    func refusesABadFileWithItsPlace(text: String, code: String, place: String) throws {
        let error = #expect(throws: (any Error).self) { try map(text) } as? any PyHealthError
        #expect(error?.code == code)
        #expect(error?.message.contains(place) == true)
        #expect(error?.message.contains("428.0") == false)
    }

    @Test func refusesBytesThatAreNoUTF8() throws {
        let folder = try TemporaryFolder("map")
        let path = folder.file("latin1.csv")
        let bytes = Data("ICD9CM,CCSCM\n428.0,98".utf8) + [0xE9] + Data("\n".utf8)
        try bytes.write(to: URL(fileURLWithPath: path))
        let error =
            #expect(throws: (any Error).self) {
                try CodeMap(file: path, source: "ICD9CM", target: "CCSCM")
            } as? any PyHealthError
        #expect(error?.code == "codes.not-utf8" && error?.message.contains("line 2, column \"CCSCM\"") == true)
    }

    @Test func refusesAMissingFile() {
        let error =
            #expect(throws: (any Error).self) {
                try CodeMap(file: "/nowhere/map.csv", source: "NDC", target: "ATC")
            } as? any PyHealthError
        #expect(error?.message.contains("/nowhere/map.csv") == true)
    }
}

import Foundation
import Stages
import TestSupport
import Testing

/// Visits that were cut in the encoding are told once per field, small counts as such, and their counts are no samples.
@Suite struct CutWarningTests {
    /// An encode stage of two parts; both cut visits of one field, the second of another too.
    private func stage(in folder: TemporaryFolder) throws -> StageOutcome {
        let cuts = [#"{"drugs": 30}"#, #"{"conditions": 1, "drugs": 40}"#]
        let shards = try cuts.enumerated().map { index, text in
            let files = try [
                ("samples.h5", "samples \(index)"), ("cuts.json", text), ("empties.json", text),
                ("unseen.json", text),
            ].map { name, content in
                let path = "\(index)-\(name)"
                try Data(content.utf8).write(to: URL(fileURLWithPath: folder.file(path)))
                return StageFile(name: name, path: path, bytes: content.utf8.count, sha256: "", rows: 2)
            }
            return (name: "\(index)", files: files, result: Data())
        }
        return StageOutcome(id: "stage", name: StageName.encode.rawValue, shards: shards)
    }

    @Test func everyFieldIsToldOnceWithItsSum() throws {
        let folder = try TemporaryFolder()
        let warnings = try RunFiles.warnings(of: [stage(in: folder)], runDirectory: folder.path)
        #expect(warnings.count == 4)
        #expect(warnings[0].hasPrefix("field conditions: <11 visits"))
        #expect(warnings[1].hasPrefix("field drugs: 70 visits"))
        #expect(warnings[2].hasPrefix("field conditions: <11 labels"))
        #expect(warnings[3].hasPrefix("field drugs: 70 labels"))
        #expect(try RunFiles.warnings(of: [], runDirectory: folder.path).isEmpty)
        let empties = try RunFiles.empties(of: [stage(in: folder)], runDirectory: folder.path)
        #expect(empties.map(\.field) == ["conditions", "drugs"] && empties.map(\.count) == [1, 70])
    }

    @Test func aFieldThatIsEmptyInEverySampleIsTold() throws {
        let folder = try TemporaryFolder()
        let text = #"{"conditions": 3, "drugs": 4}"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("e")))
        let files = [
            StageFile(name: "samples.h5", path: "s", bytes: 0, sha256: "", rows: 4),
            StageFile(name: "empties.json", path: "e", bytes: text.utf8.count, sha256: "", rows: 2),
        ]
        let stage = StageOutcome(
            id: "s", name: StageName.encode.rawValue, shards: [(name: "0", files: files, result: Data())])
        let warnings = try RunFiles.warnings(of: [stage], runDirectory: folder.path)
        #expect(warnings.count == 1 && warnings[0].hasPrefix("field drugs is empty in every sample"))
    }

    @Test func aTrainingWithoutABestStateIsTold() throws {
        let folder = try TemporaryFolder()
        func warnings(_ names: [String]) throws -> [String] {
            let files = names.map { StageFile(name: $0, path: $0, bytes: 0, sha256: "", rows: 0) }
            let stage = StageOutcome(
                id: "t", name: StageName.train.rawValue, shards: [(name: "0", files: files, result: Data())])
            return try RunFiles.warnings(of: [stage], runDirectory: folder.path)
        }
        #expect(try warnings(["last.h5", "best.h5", "history.csv"]).isEmpty)
        #expect(try warnings(["last.h5", "history.csv"]).first?.hasPrefix("trainer.monitor") == true)
    }

    @Test func theSampleFilesAreThoseOfTheStageOnly() throws {
        let folder = try TemporaryFolder()
        try RunPublisher(runDirectory: folder.path).publish(stage(in: folder))
        let manifest = try JSONValue.load(URL(fileURLWithPath: folder.file("samples/manifest.json")))
        #expect(manifest["samples"].number == 4 && manifest["parts"].items.count == 2)
        #expect(
            try String(contentsOfFile: folder.file("samples/part-00001.h5"), encoding: .utf8) == "samples 1")
    }
}

import Foundation
import SyntheticCorpora
import TestSupport
import Testing

/// The parts of MIMIC-IV may lie in folders of their own, as they are downloaded.
@Suite(.serialized) struct PartRootsRunTests {
    @Test func samplesAreThoseOfOneFolder() throws {
        let folder = try TemporaryFolder("part-roots")
        let (corpus, empty) = (folder.file("corpus"), folder.file("empty"))
        _ = try SyntheticCorpus(.mimic4, CorpusOptions(patients: 60, seed: 3, output: corpus)).write()
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        func samples(_ name: String, _ dataset: String) throws -> Data {
            let job = folder.file("\(name).yaml")
            try """
            dataset: {name: mimic4, \(dataset)}
            task: {name: ReadmissionPredictionMIMIC4}
            processors: {fit: all}
            """.write(toFile: job, atomically: true, encoding: .utf8)
            let run = folder.file("run-\(name)")
            let outcome = try Commands.run(
                "pyhealth-coord", ["run", job, "--output", run, "--until", "samples", "--quiet"],
                folder: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try Data(contentsOf: URL(fileURLWithPath: "\(run)/samples/part-00000.h5"))
        }
        let one = try samples("one", "root: \(corpus)")
        #expect(try samples("apart", "root: \(empty), ehr_root: \(corpus)") == one)
        #expect(try samples("alone", "ehr_root: \(corpus)") == one)
        let missing = try Commands.run(
            "pyhealth-coord",
            [
                "run", folder.file("one.yaml"), "--output", folder.file("none"), "--set",
                "dataset.note_root=/nowhere", "--until", "samples",
            ], folder: folder)
        #expect(missing.status == 78 && missing.errors.contains("dataset.note_root"), "\(missing.errors)")
    }
}

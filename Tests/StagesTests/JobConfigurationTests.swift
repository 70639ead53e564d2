import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Stages

/// What is sent to workers does not depend on where they were started.
@Suite struct JobConfigurationTests {
    @Test func workersReadAbsolutePaths() throws {
        let document = ConfigurationDocument(
            "dataset: {config: own.yaml, root: ../corpus}\ntask: {name: MortalityPredictionMIMIC3}\n",
            file: "job.yaml", overrides: [("dataset.root", "\"a: folder\"")])
        let job = try JobConfiguration(document)
        let here = FileManager.default.currentDirectoryPath
        #expect(job.dataset.root == "\(here)/a: folder")
        let sent = try JobConfiguration.parse(job.text)
        #expect(sent.dataset.root == job.dataset.root)
        #expect(sent.dataset.config == "\(here)/own.yaml")
    }

    /// A run is gone on with and repeated under any spelling of its paths.
    @Test func theSpellingOfAPathMakesNoOtherJob() throws {
        let here = FileManager.default.currentDirectoryPath
        let settings = try [
            "corpus", "./corpus", "../\((here as NSString).lastPathComponent)/corpus", "\(here)/corpus/",
        ]
        .map { root in
            let document = ConfigurationDocument(
                "dataset: {name: mimic3, root: \"\(root)\"}\ntask: {name: MortalityPredictionMIMIC3}\n",
                file: "job.yaml")
            let pipeline = Pipeline(
                job: try JobConfiguration(document), runDirectory: "run", until: .evaluate, resume: nil)
            return pipeline.digest(try pipeline.settings())
        }
        #expect(Set(settings).count == 1)
    }

    @Test func aByteOrderMarkIsNoPartOfARunFile() throws {
        let folder = try TemporaryFolder("mark")
        try
            (Data([0xEF, 0xBB, 0xBF])
            + Data("dataset: {name: mimic3, root: c}\ntask: {name: MortalityPredictionMIMIC3}\n".utf8))
            .write(to: URL(fileURLWithPath: folder.file("job.yaml")))
        #expect(
            try JobConfiguration.load(path: folder.file("job.yaml"), overrides: []).taskName
                == "MortalityPredictionMIMIC3")
    }

    @Test func workersReadAbsolutePathsOfCodeMaps() throws {
        let document = ConfigurationDocument(
            """
            dataset: {name: mimic3, root: corpus}
            task: {name: DrugRecommendationMIMIC3, code_maps: {NDC_to_ATC: ../maps/ndc.csv, A_to_B: /a.csv}}
            """, file: "job.yaml")
        let sent = try JobConfiguration.parse(try JobConfiguration(document).text)
        let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        #expect(sent.codeMaps.map(\.name) == ["NDC_to_ATC", "A_to_B"])
        #expect(
            sent.codeMaps.map(\.path)
                == [here.deletingLastPathComponent().path + "/maps/ndc.csv", "/a.csv"])
    }
}

extension JobConfigurationTests {
    @Test(arguments: [
        (40_000, 10, 2), (30_000, 10, nil), (20_000, 400, 2), (10_000, 400, nil), (3, 9_000_000, 3),
    ])
    func tooManyPatientRangesAreRefusedWithTheLeastSizeThatIsPossible(ranges: Int, tasks: Int, least: Int?)
        throws
    {
        let result = InspectResult(scanTasks: tasks, ranges: ranges, definition: nil)
        guard let least else { return try result.requireFewRanges(shardSize: 1) }
        let error = #expect(throws: ConfigurationError.self) { try result.requireFewRanges(shardSize: 1) }
        #expect(
            error?.code == "config.shard-size"
                && error?.message.contains("Set it to \(least) or more") == true)
    }
}

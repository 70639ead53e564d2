import Foundation
import Groundwork
import Stages
import Testing

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

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
}

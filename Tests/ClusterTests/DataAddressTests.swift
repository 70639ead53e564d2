import ClusterProtocol
import Foundation
import TestSupport
import Testing

@testable import ClusterRuntime

/// A worker's address for other members must fit the coordinator's.
struct DataAddressTests {
    private func outcome(listen: String) throws -> Commands.Outcome {
        let folder = try TemporaryFolder("address")
        var record = WireRendezvous()
        record.host = SystemFacts.host
        record.endpoint = "ipc://\(folder.file("coordinator"))"
        record.listen = listen
        try RunDirectory(folder.path).write(record, "rendezvous.pb")
        return try Commands.run(
            "pyhealth-worker",
            [
                "--output", folder.path, "--data-address", "tcp://127.0.0.1:*", "--insecure", "--patience",
                "0",
            ],
            folder: folder)
    }

    @Test func tcpIsRefusedWhereTheCoordinatorListensOnNoPort() throws {
        let refused = try outcome(listen: "")
        #expect(refused.status == 78, "\(refused.errors)")
        #expect(refused.errors.contains("[cluster.data-address]") && refused.errors.contains("--listen"))
        let admitted = try outcome(listen: "tcp://127.0.0.1:9")
        #expect(!admitted.errors.contains("data-address") && admitted.status == 75, "\(admitted.errors)")
    }
}

import ArgumentParser
import ClusterRuntime

/// `pyhealth-coord keygen`: makes the keys of a coordinator and its workers.
struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Makes keys for a coordinator and its workers.",
        discussion: """
            For example:

              pyhealth-coord keygen /etc/pyhealth/keys
              pyhealth-coord run job.yaml --workers 0 --listen tcp://0.0.0.0:5555 --keys /etc/pyhealth/keys --output runs/m1
              pyhealth-worker --connect tcp://head:5555 --keys /etc/pyhealth/keys

            Workers' machines need coordinator.pub and worker.key. The coordinator admits every key in workers/*.pub: give \
            machines keys of their own (keygen once more, into another folder) to bar them one by one.
            """)

    @Argument(help: "The folder to make; nothing is overwritten.")
    var folder: String

    func run() throws {
        try reporting {
            let keys = try KeyFolder.create(at: folder)
            print("\(keys.path): coordinator.key, coordinator.pub, worker.key, workers/worker.pub")
        }
    }
}

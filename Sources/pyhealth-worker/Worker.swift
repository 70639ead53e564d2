import ArgumentParser

@main
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pyhealth-worker")
}

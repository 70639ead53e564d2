import ArgumentParser

@main
struct Coord: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pyhealth-coord")
}

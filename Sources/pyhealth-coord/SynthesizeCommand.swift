import ArgumentParser

/// `pyhealth-coord synthesize`: makes a corpus with a known signal.
struct SynthesizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthesize", abstract: "Makes a synthetic corpus.")
}

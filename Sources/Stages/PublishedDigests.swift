import Digests
import Foundation
import Groundwork

/// `SHA256SUMS`: the digests of what a run leaves for people, in the format of coreutils, so that `sha256sum --check`
/// reads it too.
///
/// The first line, `# <n> files`, tells a file whose end is missing. While a run goes on there is none.
package struct PublishedDigests {
    /// The file's name in the run directory.
    package static let name = "SHA256SUMS"
    /// Small files whose digests nobody knows yet.
    private static let unlisted = ["job.resolved.yaml", "samples/manifest.json", "report.html"]

    private let runDirectory: String
    private var path: String { "\(runDirectory)/\(Self.name)" }

    /// The digests of the run in a directory.
    package init(runDirectory: String) { self.runDirectory = runDirectory }

    /// Says that files are about to change.
    package func remove() { unlink(path) }

    /// The digests that are written down, by name; none where the file is missing or damaged.
    package var known: [String: String] {
        guard let lines = try? entries() else { return [:] }
        return Dictionary(lines.compactMap { $0 }) { first, _ in first }
    }

    /// Writes the digests of `files` (paths below the run directory) and of the small files beside them; and those `kept` from
    /// before of files that are still there, since a run that ends early leaves what later stages of the same job made. Throws
    /// `FileError`.
    package func write(_ files: [(name: String, sha256: String)], keeping kept: [String: String] = [:]) throws
    {
        var all = files
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "\(runDirectory)/samples")) ?? []
        let manifests = folders.map { "samples/\($0)/manifest.json" }
        for name in Self.unlisted + manifests where access("\(runDirectory)/\(name)", R_OK) == 0 {
            all.append((name, try SHA256.hex(ofFile: "\(runDirectory)/\(name)")))
        }
        let listed = Set(all.map(\.name))
        for (name, sha256) in kept
        where !listed.contains(name) && access("\(runDirectory)/\(name)", R_OK) == 0 {
            all.append((name, sha256))
        }
        let lines = all.sorted { $0.name < $1.name }.map { "\($0.sha256)  \($0.name)" }
        try AtomicFile.write(
            (["# \(lines.count) files"] + lines).joined(separator: "\n") + "\n", to: path, durable: false)
    }

    /// Whether the file `name` is listed and is as it was written.
    package func holds(_ name: String) -> Bool {
        guard let text = try? Files.contents(of: path),
            let found = try? SHA256.hex(ofFile: "\(runDirectory)/\(name)")
        else { return false }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").contains("\(found)  \(name)")
    }

    /// Checks the files against their digests: how many, and what does not hold, a sentence each; nil where there are no
    /// digests. Throws `FileError`.
    package func problems() throws -> (files: Int, problems: [String])? {
        guard access(path, F_OK) == 0 else { return nil }
        guard let entries = try entries() else {
            return (0, ["\(Self.name) is damaged: it does not hold as many lines as it says"])
        }
        var problems: [String] = []
        for (number, entry) in entries.enumerated() {
            guard let (name, sha256) = entry else {
                problems.append("\(Self.name) is damaged in line \(number + 2)")
                continue
            }
            let file = "\(runDirectory)/\(name)"
            if access(file, F_OK) != 0 {
                problems.append("\(name) is missing")
            } else if try SHA256.hex(ofFile: file) != sha256 {
                problems.append("\(name) has other content (SHA-256)")
            }
        }
        return (entries.count, problems)
    }

    /// The lines after the first, nil for one that is damaged; nil if their number is not what the first says. Throws
    /// `FileError`.
    private func entries() throws -> [(name: String, sha256: String)?]? {
        let text = String(decoding: try Files.contents(of: path), as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let count = lines.first.flatMap { $0.wholeMatch(of: /# ([0-9]+) files/) }.flatMap { Int($0.1) }
        // The last line ends with a newline too.
        guard count == lines.count - 2, lines.popLast() == "" else { return nil }
        return lines.dropFirst().map { line in
            guard let match = line.wholeMatch(of: /([0-9a-f]{64})  ([^\/.][^\n]*)/), !match.2.contains("..")
            else { return nil }
            return (String(match.2), String(match.1))
        }
    }
}

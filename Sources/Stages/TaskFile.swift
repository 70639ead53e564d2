import Foundation
package import Groundwork

/// A task file that a run file names, as it was when the job began.
///
/// Its text goes with the job, so that workers on other machines and a resumed job read the same, and decides with the data
/// whether samples must be made anew.
package struct TaskFile: Sendable {
    /// The absolute path.
    package let path: String
    /// What the file held.
    package let text: String

    /// Reads `file`, or takes the text beside it that a resolved run file has; nil for a task with a name.
    ///
    /// Throws `ConfigurationError` for a section with both a file and a name and for a file that is not there or not UTF-8,
    /// `FileError` for one that cannot be read.
    init?(_ section: ConfigurationNode) throws {
        guard let file = section.child("file") else { return nil }
        if let name = section.child("name") {
            throw name.error("task", "give either a task's name or a file, not both.")
        }
        path = URL(fileURLWithPath: try file.string()).standardizedFileURL.path
        text =
            try section.child("text")?.string()
            ?? ConfigurationDocument.text(of: path, key: "\(section.path).file")
    }

    /// The decoded document; throws `ConfigurationError`.
    package func root() throws -> ConfigurationNode { try .parse(text, file: path) }
}

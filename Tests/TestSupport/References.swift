package import Foundation

/// Where tests find golden results and open data: the folders named by `PYHEALTH_REFERENCE` and `PYHEALTH_DATA`
/// (colon-separated), by default `../shared/reference` and `../shared/data` beside the package.
package enum References {
    /// Folders with golden results, existing ones only.
    package static let references = folders("PYHEALTH_REFERENCE", fallback: "reference")
    /// Folders with data sets, existing ones only.
    package static let data = folders("PYHEALTH_DATA", fallback: "data")

    /// All entries of the sub-folder `kind` (for example `tasks`) of every reference folder, sorted by name.
    package static func entries(_ kind: String) -> [URL] {
        references.flatMap { base -> [URL] in
            let folder = base.appendingPathComponent(kind)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().map { folder.appendingPathComponent($0) }
        }
    }

    /// The data folder named `name`, nil if it is nowhere.
    package static func dataFolder(_ name: String) -> URL? {
        data.map { $0.appendingPathComponent(name) }.first { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// Whether golden results are at hand; tests that need them are skipped by name where they are not.
    package static var available: Bool { !references.isEmpty }
    /// Whether open data are at hand.
    package static var dataAvailable: Bool { !data.isEmpty }

    private static func folders(_ variable: String, fallback: String) -> [URL] {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let list =
            ProcessInfo.processInfo.environment[variable]?.split(separator: ":").map {
                URL(fileURLWithPath: String($0))
            }
            ?? [package.deletingLastPathComponent().appendingPathComponent("shared/\(fallback)")]
        return list.filter { FileManager.default.fileExists(atPath: $0.path) }
    }
}

/// A folder for one test, removed at the end unless the test failed and `keep` was called.
package final class TemporaryFolder: Sendable {
    /// The folder's path.
    package let path: String

    package init(_ name: String = "test") throws {
        path = NSTemporaryDirectory() + "pyhealth-\(name)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// The path of `name` in this folder.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

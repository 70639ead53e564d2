import Foundation

/// The package's files as texts.
enum SourceTree {
    /// A text file below the package's folder.
    struct File: Sendable {
        /// Relative to the package's folder.
        let path: String
        let lines: [String]

        /// The target's folder: the second part of the path.
        var room: String { String(path.split(separator: "/").dropFirst().first ?? "") }
        /// Generated code is held to its generator's habits.
        var isGenerated: Bool { path.contains("/Generated/") }
        /// "path:line" of a 0-based line.
        func place(_ line: Int) -> String { "\(path):\(line + 1)" }
    }

    /// The package's folder.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The Swift files of `Sources` that people wrote.
    static let sources = files(in: "Sources", ["swift"]).filter { !$0.isGenerated }
    /// The Swift files of `Tests`.
    static let tests = files(in: "Tests", ["swift"])
    /// Every text file that is part of the product.
    static let everything =
        ["Sources", "Tests", "docs", "scripts", "deploy"].flatMap { files(in: $0, nil) }
        + ["Package.swift", "README.md"].compactMap(file)

    /// Files below `folder` with one of the extensions (all if nil), sorted by path.
    private static func files(in folder: String, _ extensions: Set<String>?) -> [File] {
        let base = root.appendingPathComponent(folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.allObjects as? [String] ?? []
        return names.sorted().filter { extensions?.contains(($0 as NSString).pathExtension) ?? true }
            .compactMap { file("\(folder)/\($0)") }
    }

    private static func file(_ path: String) -> File? {
        guard let data = FileManager.default.contents(atPath: root.appendingPathComponent(path).path),
            let text = String(data: data, encoding: .utf8)
        else { return nil }
        return File(
            path: path,
            lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    }

    /// The names of the folders in `Sources`.
    static var rooms: [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("Sources").path)
        return (names ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }
}

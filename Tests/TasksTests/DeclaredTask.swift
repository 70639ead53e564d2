import Datasets
import Foundation
import Groundwork
import Tasks

/// Task files of the documentation's examples, and texts of task files.
enum DeclaredTask {
    /// The names of all examples without their extension.
    static let examples: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/examples/tasks")

    /// An example over one of its data sets.
    static func example(_ name: String, _ definition: DatasetDefinition) throws -> DeclarativeTask {
        let path = folder.appendingPathComponent("\(name).yaml").path
        return try DeclarativeTask(.load(path: path), for: shape(definition))
    }

    /// The task that a text declares over a built-in data set.
    static func task(_ text: String, of dataset: String = "mimic3") throws -> DeclarativeTask {
        try DeclarativeTask(
            .parse(text, file: "task.yaml"), for: shape(try DatasetDefinition.builtIn(dataset)))
    }

    private static func shape(_ definition: DatasetDefinition) -> DatasetShape {
        DatasetShape(
            name: definition.name,
            tables: definition.tables.map {
                DatasetShape.Table(
                    $0.name, attributes: $0.attributes + $0.extraAttributes, isTimed: !$0.timestamp.isEmpty)
            })
    }
}

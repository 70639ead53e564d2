import ClinicalData
import Datasets
import Foundation
import TestSupport
import Testing

/// A data set whose events the reference implementation has loaded.
struct EventCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// The folder of the description.
    let file: URL
    let definition: DatasetDefinition

    var testDescription: String { name }

    /// Every description in the reference folders of a data set that is built in.
    static let all: [EventCase] = References.entries("tasks/events").compactMap { file in
        guard file.pathExtension == "json", let json = try? JSONValue.load(file),
            let kind = json["dataset"].text?.lowercased().replacing("dataset", with: ""),
            let definition = try? DatasetDefinition.builtIn(kind)
        else { return nil }
        return EventCase(
            name: file.deletingPathExtension().lastPathComponent, file: file, definition: definition)
    }

    /// A task's description of every data set that ``all`` has not.
    static let countedAlone: [EventCase] = {
        var seen = Set(all.compactMap { try? JSONValue.load($0.file)["data"].text })
        return References.entries("tasks").compactMap { folder in
            let file = folder.appendingPathComponent("meta.json")
            guard let meta = try? JSONValue.load(file), let data = meta["data"].text,
                let kind = meta["dataset"].text?.lowercased().replacing("dataset", with: ""),
                let definition = try? DatasetDefinition.builtIn(kind), seen.insert(data).inserted
            else { return nil }
            return EventCase(name: folder.lastPathComponent, file: file, definition: definition)
        }
    }()
}

/// Events equal those that the reference implementation loads from the same tables.
@Suite struct GoldenEventsTests {
    @Test(.enabled(if: References.available && References.dataAvailable), arguments: EventCase.all)
    func areTheReferences(one: EventCase) throws {
        let expected = try JSONValue.load(one.file)
        let root = try #require(References.dataFolder(expected["data"].text ?? ""))
        let tables = expected["tables_in_order"].items.compactMap(\.text)
        #expect(try one.definition.tableOrder(requested: tables).map(\.name) == tables)
        let events = try LoadedEvents(one.definition, tables: tables, root: root.path).events
        for (type, facts) in expected["types"].members {
            let found = events.filter { $0.type == type }
            #expect(Double(found.count) == facts["rows"].number, "\(type)")
            #expect(Double(Set(found.map(\.patient)).count) == facts["patients"].number, "\(type)")
            #expect(
                Double(found.count { $0.milliseconds == nil }) == facts["null_timestamps"].number, "\(type)")
            for (column, count) in facts["non_null"].members {
                let name = String(column.dropFirst(type.count + 1))
                #expect(
                    Double(found.count { $0.attributes[name] != nil }) == count.number, "\(type), \(name)")
            }
        }
        try compare(events, one.file.deletingPathExtension().path + "_two_patients.jsonl")
    }

    /// Data sets whose events are not listed: as many of every type as with the tasks, with the same columns.
    @Test(.enabled(if: References.available && References.dataAvailable), arguments: EventCase.countedAlone)
    func areAsManyAsTheReferences(one: EventCase) throws {
        let meta = try JSONValue.load(one.file)
        let root = try #require(References.dataFolder(meta["data"].text ?? ""))
        let tables = meta["dataset_args"]["tables"].items.compactMap(\.text)
        let events = try LoadedEvents(one.definition, tables: tables, root: root.path).events
        let expected = meta["events"]
        #expect(Double(events.count) == expected["n_events"].number)
        #expect(Double(Set(events.map(\.patient)).count) == expected["n_patients"].number)
        for (type, count) in expected["events_per_type"].members {
            let found = events.filter { $0.type == type }
            #expect(Double(found.count) == count.number, "\(type)")
            #expect(
                Double(found.count { $0.milliseconds == nil })
                    == expected["null_timestamps_per_type"][type].number ?? 0, "\(type)")
        }
        let order = try one.definition.tableOrder(requested: tables)
        func columns(_ names: KeyPath<DatasetDefinition.Table, [String]>) -> [String] {
            order.flatMap { table in table[keyPath: names].map { "\(table.name)/\($0)" } }
        }
        // An extra attribute is one that not every configuration of the reference has.
        let wanted = Set(expected["columns"].items.compactMap(\.text).filter { $0.contains("/") })
        #expect(wanted.isSuperset(of: columns(\.attributes)))
        #expect(wanted.subtracting(columns(\.attributes)).isSubset(of: columns(\.extraAttributes)))
    }

    /// Compares some patients in full, in order.
    private func compare(_ events: [LoadedEvents.ReadableEvent], _ path: String) throws {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        var seen: [String: Int] = [:]
        let byPatient = Dictionary(grouping: events, by: \.patient)
        for (number, line) in lines.enumerated() {
            let expected = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
            let patient = expected["patient_id"].text ?? ""
            let place = seen[patient, default: 0]
            seen[patient] = place + 1
            let own = try #require(byPatient[patient])
            try #require(place < own.count)
            let cells = expected["attributes"].members.compactMapValues(\.text)
            let time = expected["timestamp"].text.flatMap(Timestamp.init)?.milliseconds
            #expect(
                own[place].type == expected["event_type"].text && own[place].attributes == cells
                    && own[place].milliseconds == time, "line \(number + 1)")
        }
        #expect(!lines.isEmpty)
    }
}

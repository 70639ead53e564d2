import ClinicalData
import Foundation
import Groundwork
import Tasks
import TestSupport

/// Samples and attrition of a task over one or more shards, as the extract stage makes them.
struct Extraction {
    var parts: [SampleColumns] = []
    var attrition: Attrition

    init(_ task: any ClinicalTask) { attrition = task.emptyAttrition }

    init(_ task: any ClinicalTask, _ shards: [EventShard]) throws {
        self.init(task)
        for shard in shards { try add(task, shard) }
    }

    mutating func add(_ task: any ClinicalTask, _ shard: EventShard) throws {
        let fields = (task.inputSchema + task.outputSchema).map(\.name)
        var builder = SampleColumnsBuilder(fields: fields, symbols: shard.symbols)
        var own = task.emptyAttrition
        for position in 0..<shard.patientCount {
            for sample in try task.samples(of: shard.patient(at: position), attrition: &own) {
                try builder.append(sample)
            }
        }
        parts.append(builder.finish())
        attrition.merge(own)
    }

    /// All samples, one dictionary of readable values each.
    var samples: [ReadableSample] { parts.flatMap { ReadableSample.all($0) } }
}

/// A sample with texts in place of symbols.
struct ReadableSample: Equatable {
    var patient: String
    var visit: String
    var codes: [String: [String?]] = [:]
    var labels: [String: Int] = [:]
    /// Every field as JSON: lists in lists, a pair of times and entries for a field with times.
    var values: [String: JSONValue] = [:]

    static func all(_ columns: SampleColumns) -> [ReadableSample] {
        (0..<columns.count).map { row in
            var sample = ReadableSample(patient: columns.patientIDs[row], visit: columns.visitIDs[row])
            for field in columns.fields {
                sample.values[field.name] = json(field, row)
                switch field.leaves {
                case .symbols(let indices, let dictionary) where field.offsets.count == 1:
                    let range = field.offsets[0][row]..<field.offsets[0][row + 1]
                    sample.codes[field.name] = indices[range].map {
                        $0 == EventTable.missingSymbol ? nil : dictionary[Int($0)]
                    }
                case .integers(let values): sample.labels[field.name] = Int(values[row])
                default: break
                }
            }
            return sample
        }
    }

    private static func json(_ field: FieldColumn, _ row: Int) -> JSONValue {
        let entries = json(field, level: 0, row)
        guard let times = field.times else { return entries }
        let own = times.values[times.offsets[row]..<times.offsets[row + 1]]
        return .list([own.isEmpty ? .null : .list(own.map { .number($0) }), entries])
    }

    private static func json(_ field: FieldColumn, level: Int, _ item: Int) -> JSONValue {
        if level < field.offsets.count {
            let range = field.offsets[level][item]..<field.offsets[level][item + 1]
            return .list(range.map { json(field, level: level + 1, $0) })
        }
        switch field.leaves {
        case .symbols(let indices, let dictionary):
            let index = indices[item]
            return index == EventTable.missingSymbol ? .null : .text(dictionary[Int(index)])
        case .integers(let values):
            return values[item] == FieldColumn.missingInteger ? .null : .number(Double(values[item]))
        case .numbers(let values):
            return FieldColumn.isMissing(values[item]) ? .null : .number(values[item])
        }
    }
}

/// A task from YAML text, as a run file gives it.
func makeTask(_ yaml: String) throws -> any ClinicalTask {
    try TaskCatalog.make(ConfigurationNode.parse(yaml, file: "job.yaml"))
}

import ClinicalData
import Foundation
import Groundwork
import Tasks

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

    static func all(_ columns: SampleColumns) -> [ReadableSample] {
        (0..<columns.count).map { row in
            var sample = ReadableSample(patient: columns.patientIDs[row], visit: columns.visitIDs[row])
            for field in columns.fields {
                switch field.leaves {
                case .symbols(let indices, let dictionary):
                    let range = field.offsets[0][row]..<field.offsets[0][row + 1]
                    sample.codes[field.name] = indices[range].map {
                        $0 == EventTable.missingSymbol ? nil : dictionary[Int($0)]
                    }
                case .integers(let values): sample.labels[field.name] = Int(values[row])
                case .numbers(let values): sample.labels[field.name] = Int(values[row])
                }
            }
            return sample
        }
    }
}

/// A task from YAML text, as a run file gives it.
func makeTask(_ yaml: String) throws -> any ClinicalTask {
    try TaskCatalog.make(ConfigurationNode.parse(yaml, file: "job.yaml"))
}

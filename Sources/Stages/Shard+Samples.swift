import Batching
import ClinicalData
import Foundation
import Groundwork
import Processors
import Storage
import Tasks

extension Shard {
    /// The task on one shard of events → `raw.h5`, `attrition.json`.
    ///
    /// Patients of other tasks' tables alone are none of this task's.
    func extract() throws -> ShardProduct {
        let events = try EventPart.read(try path("events"))
        let fields = setup.task.inputSchema + setup.task.outputSchema
        var builder = SampleColumnsBuilder(fields: fields.map(\.name), symbols: events.symbols)
        var attrition = setup.task.emptyAttrition
        let own = setup.tables.namesOfPatients
        for position in 0..<events.patientCount where events.hasEvents(position, in: own) {
            for sample in try setup.task.samples(of: events.patient(at: position), attrition: &attrition) {
                try builder.append(sample)
            }
        }
        DroppedRows.add(events, to: &attrition, task: setup.task)
        let samples = builder.finish()
        try RawSampleFile.write(samples, to: folder.temporaryPath(for: "raw.h5"))
        try write(attrition, "attrition.json")
        return ShardProduct(outputs: [("raw.h5", samples.count), ("attrition.json", attrition.patientsIn)])
    }

    /// All raw samples → the split, fitted processors, the total attrition.
    func fit() throws -> ShardProduct {
        let attrition = try totalAttrition()
        guard attrition.samplesOut > 0 else {
            throw StageError.noSamples(task: setup.task.name, attrition: attrition.told)
        }
        let split = try split()
        var processors = try FittedProcessors(
            inputs: setup.inputs, outputs: setup.outputs)
        var leakage = LeakageCheck(inputs: setup.task.inputSchema, outputs: setup.task.outputSchema)
        var first = 0
        progress.setTotal(paths("raw").count)
        for path in paths("raw") {
            let samples = try RawSampleFile.read(path)
            if samples.count > 0 {
                if setup.job.leakage != .off {
                    leakage.add(
                        samples, parts: split[first..<(first + samples.count)].map(\.rawValue))
                }
                let selected = (first..<(first + samples.count)).map { split[$0] == .train }
                try processors.fit(samples, selecting: setup.job.fit == .all ? nil : selected)
            }
            first += samples.count
            progress.advance(by: 1, bytes: 0)
        }
        do { try processors.finishFit() } catch let reason as ProcessorError {
            throw StageError.notFitted(
                task: setup.task.name, reason: reason, attrition: attrition.told)
        }
        let findings =
            setup.job.leakage == .off ? [] : leakage.findings(lateInputs: attrition.lateInputs)
        if setup.job.leakage == .fail, !findings.isEmpty {
            throw StageError.leakage(task: setup.task.name, findings.map(\.message))
        }
        try write(findings, "leakage.json")
        try processors.save(to: folder.temporaryPath(for: "processors.json"))
        try SplitFile.write(split.map(\.rawValue), to: folder.temporaryPath(for: "split.h5"))
        try write(attrition, "attrition.json")
        return ShardProduct(outputs: [
            ("processors.json", processors.fields.count), ("split.h5", split.count),
            ("attrition.json", attrition.patientsIn), ("leakage.json", findings.count),
        ])
    }

    /// A range of samples → `samples.h5`, and counts by field: `cuts.json` of lists that had to be cut, `empties.json` of
    /// samples with an empty one, `unseen.json` of labels that were left out.
    func encode(_ cache: ProcessorCache) throws -> ShardProduct {
        let processors = try cache.load(try path("processors"))
        let split = try SplitFile.read(try path("split"))
        let range = (payload.range?.first ?? 0)..<(payload.range?.last ?? 0)
        var columns: [EncodedColumn] = []
        var counts: [String: [String: Int]] = [:]
        var (patients, visits): ([String], [String]) = ([], [])
        var first = payload.firstRow ?? 0
        for file in payload.inputs["raw"] ?? [] {
            defer { first += file.rows }
            let lower = max(range.lowerBound, first)
            let rows = (lower - first)..<(max(lower, min(range.upperBound, first + file.rows)) - first)
            guard !rows.isEmpty else { continue }
            let samples = try RawSampleFile.read(path(file))
            let encoded = try processors.encode(samples, rows: rows)
            counts["cuts.json", default: [:]].merge(processors.cuts(samples, rows: rows)) { $0 + $1 }
            counts["empties.json", default: [:]].merge(processors.empties(samples, rows: rows)) { $0 + $1 }
            counts["unseen.json", default: [:]].merge(processors.unseenLabels(samples, rows: rows)) {
                $0 + $1
            }
            columns = columns.isEmpty ? encoded : zip(columns, encoded).map { $0.appending($1) }
            patients += samples.patientIDs[rows]
            visits += samples.visitIDs[rows]
        }
        try SampleFile.write(
            columns: columns, patientIDs: patients, visitIDs: visits, split: Array(split[range]),
            to: folder.temporaryPath(for: "samples.h5"))
        let told = counts.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
        for (name, fields) in told { try write(fields, name) }
        return ShardProduct(outputs: [("samples.h5", range.count)] + told.map { ($0.key, $0.value.count) })
    }

    private func totalAttrition() throws -> Attrition {
        var total = setup.task.emptyAttrition
        for own in try decode(Attrition.self, "attrition") { total.merge(own) }
        try DroppedRows.add(try decode([String: Int].self, "dropped"), to: &total, task: setup.task)
        return total
    }

    /// The part of every sample; patients are numbered in order of their first sample.
    private func split() throws -> [SplitPart] {
        var numbers: [ExactText: Int] = [:]
        var patients: [Int] = []
        for path in paths("raw") {
            for id in try RawSampleFile.readPatients(path) {
                let number = numbers[text: id] ?? numbers.count
                numbers[text: id] = number
                patients.append(number)
            }
        }
        let section = setup.job.split
        guard section.by == "patient" else {
            return try Split.bySample(patients.count, ratios: section.ratios, seed: section.seed)
        }
        return try Split.byPatient(patients, ratios: section.ratios, seed: section.seed)
    }
}

extension EncodedColumn {
    /// These samples followed by those of `other`, a column of the same kind.
    func appending(_ other: EncodedColumn) -> EncodedColumn {
        var result = self
        for level in offsets.indices {
            let end = offsets[level].last ?? 0
            result.offsets[level] += other.offsets[level].dropFirst().map { $0 + end }
        }
        switch (values, other.values) {
        case (.int32(let a), .int32(let b)): result.values = .int32(a + b)
        case (.float32(let a), .float32(let b)): result.values = .float32(a + b)
        case (.text(let a), .text(let b)): result.values = .text(a + b)
        default: preconditionFailure("EncodedColumn.appending: \(name) has two kinds of values")
        }
        result.sampleCount += other.sampleCount
        return result
    }
}

import ClinicalData
import Datasets
import Foundation
import Groundwork

/// What a job will read and need, estimated from file sizes and a short probe of every table.
package struct ReadingEstimate: Encodable, Sendable {
    /// One table.
    package struct Table: Encodable, Sendable {
        /// Its name.
        package var name: String
        /// Bytes on disk that are read.
        package var fileBytes: Int
        /// Bytes of text after decompression.
        package var textBytes: Int
        /// Rows of the file.
        package var rows: Int
        /// Seconds of one worker to scan it.
        package var seconds: Double
        /// Bytes of its events in the shuffle.
        package var eventBytes: Int
        /// Whether other workers can help: a plain file of several pieces, or row groups.
        package var pieces: Int
    }

    /// The tables in canonical order.
    package var tables: [Table]
    /// Patient ranges, each one shard of the stages after the scan.
    package var ranges: Int
    /// The workers that the estimate is for.
    package var workers: Int

    /// Seconds from the start to samples, with the given workers.
    package var seconds: Double {
        let scan = max(
            tables.reduce(0) { $0 + $1.seconds } / Double(workers),
            tables.map { $0.seconds / Double(max(1, min($0.pieces, workers))) }.max() ?? 0)
        let events = Double(tables.reduce(0) { $0 + $1.eventBytes })
        // Gathering, sorting, extraction and encoding go over the events a few times; 60 MB/s was measured for all of them.
        return 0.3 + scan + events / 60e6 / Double(workers)
    }

    /// Bytes of memory of one worker: the program, a scan's buffers and joins, or the largest patient range.
    package var memoryPerWorker: Int {
        let events = tables.reduce(0) { $0 + $1.eventBytes }
        // A range is held twice while it is sorted; ranges differ in size.
        return 60 << 20 + max(24 << 20, 4 * events / max(1, ranges))
    }

    /// Bytes of disk below the output folder: shuffle files and the event store.
    package var diskBytes: Int { 2 * tables.reduce(0) { $0 + $1.eventBytes } }

    /// Bytes of disk of the samples, raw and encoded, where every event goes into one sample at most: 0.03 to 0.4 of the events'
    /// bytes were measured over eight tasks of MIMIC-III and MIMIC-IV. Samples that repeat all earlier visits need more.
    package var sampleBytes: Int { tables.reduce(0) { $0 + $1.eventBytes } * 2 / 5 }

    private enum CodingKeys: String, CodingKey {
        case tables, ranges, workers, seconds, memoryPerWorker, diskBytes, sampleBytes
    }

    /// The figures with what follows from them.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tables, forKey: .tables)
        try container.encode(ranges, forKey: .ranges)
        try container.encode(workers, forKey: .workers)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(memoryPerWorker, forKey: .memoryPerWorker)
        try container.encode(diskBytes, forKey: .diskBytes)
        try container.encode(sampleBytes, forKey: .sampleBytes)
    }

    /// Probes the tables that a job reads; throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package init(_ setup: JobSetup, workers: Int) throws {
        let (job, needs) = (setup.job, setup.needs)
        let plan = try Inspector(definition: setup.definition, root: job.dataset.root).plan(
            tables: setup.tables, needs: needs, offered: setup.offered, shardSize: job.execution.shardSize,
            pieceBytes: job.execution.scanMiB << 20, limit: job.dataset.dev ? JobSetup.patientsOfDev : nil)
        self.workers = max(1, workers)
        ranges = plan.rangeCount
        let joins = JoinCache()
        tables = try plan.tables.indices.map { index in
            let tasks = plan.mapTasks.filter { $0.table == index }
            let probe = try ScanProbe(
                definition: setup.definition, root: job.dataset.root, plan: plan, table: index, joins: joins)
            let bytes = tasks.reduce(0) { $0 + $1.bytes }
            let scale = probe.fileBytes > 0 ? Double(bytes) / Double(probe.fileBytes) : 0
            return Table(
                name: plan.tables[index].name, fileBytes: bytes,
                textBytes: Int(Double(probe.textBytes) * scale),
                rows: Int(Double(probe.rows) * scale), seconds: probe.seconds * scale,
                eventBytes: Int(Double(probe.eventBytes) * scale), pieces: tasks.count)
        }
    }
}

import ClinicalData
import DelimitedText

/// What will be read and how it is cut: made once per job by ``Inspector``, read by every scan and gather.
package struct InspectionPlan: Codable, Sendable, Equatable {
    /// The tables in canonical order.
    package var tables: [TablePlan]
    /// First patient id of every range but the first; ids are compared by their bytes.
    package var splitters: [String]
    /// Patients from this id on are left out (`dev`); nil for none.
    package var endID: String?
    /// The only patient that is kept (`explain`); nil for all.
    package var onlyID: String?
    /// Pieces of files, in order of table and position.
    package var mapTasks: [MapTask]
    /// The marks (``SourceState/mark(of:)``) of the files that the plan was made of; empty where nobody looks.
    package var files: [String: String] = [:]

    /// The number of patient ranges.
    package var rangeCount: Int { splitters.count + 1 }

    /// Whether the plan keeps a patient.
    package func reads(_ id: String) -> Bool { endID.map { precedes(id, $0) } ?? true }

    /// The scan tasks, those with most text first, so that no long one is left when the others are done.
    package var largestFirst: [Int] {
        mapTasks.indices.sorted { a, b in
            (mapTasks[b].textBytes, a) < (mapTasks[a].textBytes, b)
        }
    }

    /// What a scan task reads, in words for errors: table, file, and the range of bytes (row groups of a Parquet file).
    package func subject(ofTask index: Int) -> String {
        let task = mapTasks[index]
        let range = task.range.map { bounds in
            let isParquet = TableFiles.isParquet(task.path)
            let unit = isParquet ? "row groups" : ByteSources.isGzip(task.path) ? "bytes of text" : "bytes"
            return ", \(unit) \(bounds[0]) to \(bounds[1]), from line \(task.firstLine)"
        }
        return "table \"\(tables[task.table].name)\", \(task.path)\(range ?? "")"
    }

    /// One table and the attributes that are decoded.
    package struct TablePlan: Codable, Sendable, Equatable {
        package var name: String
        package var attributes: [String]
    }

    /// One piece of one table's file.
    package struct MapTask: Codable, Sendable, Equatable {
        /// Position in ``InspectionPlan/tables``.
        package var table: Int
        /// The file as resolved (with or without `.gz`), or what stands for several Parquet files.
        package var path: String
        /// First and one-past-last byte of the text, or row group of a Parquet file; nil for the whole file.
        package var range: [Int]?
        /// The line number (row number of a Parquet file) at the beginning of the range.
        package var firstLine: Int
        /// Bytes to read.
        package var bytes: Int
        /// Bytes of text or values that come of them, as far as can be told before: what the work is measured by.
        package var textBytes: Int
        /// Where a piece of a gzip file begins and ends in its seek index.
        package var seek: Seek?

        init(
            table: Int, path: String, range: [Int]?, firstLine: Int, bytes: Int, textBytes: Int? = nil,
            seek: Seek? = nil
        ) {
            (self.table, self.path, self.range, self.firstLine) = (table, path, range, firstLine)
            (self.bytes, self.textBytes, self.seek) = (bytes, textBytes ?? bytes, seek)
        }
    }

    /// A piece of a gzip file by its seek index.
    package struct Seek: Codable, Sendable, Equatable {
        /// The index, below the run directory.
        package var index: String
        /// The point before its first row; nil for the file's beginning.
        package var from: Int?
        /// The point behind which the next piece begins; nil for the file's end.
        package var until: Int?
    }
}

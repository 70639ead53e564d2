import ClinicalData
import DelimitedText
package import Foundation
package import Groundwork

/// Reads one piece of a table's file, joins, decodes the needed columns and writes the rows to one shuffle file, grouped
/// by patient range.
package struct ScanTask {
    private let table: DatasetDefinition.Table
    private let task: InspectionPlan.MapTask
    private let plan: InspectionPlan
    private let sources: ColumnSources
    private let memoryBudget: Int

    /// The task `plan.mapTasks[index]` of the data set `definition` in `root`; rows are written out whenever they and their
    /// texts take more than `memoryBudget` bytes.
    package init(
        definition: DatasetDefinition, root: String, plan: InspectionPlan, index: Int,
        memoryBudget: Int = 16 << 20
    ) throws {
        task = plan.mapTasks[index]
        let name = plan.tables[task.table].name
        guard let table = definition.tables.first(where: { $0.name == name }) else {
            throw ConfigurationError("unknown-table", "The data set has no table \"\(name)\".")
        }
        self.table = table
        self.plan = plan
        self.memoryBudget = memoryBudget
        sources = try ColumnSources(table: table, needs: plan.tables[task.table].attributes, root: root)
    }

    /// Runs the task, writing to `path`; returns the number of rows. `progress` is told bytes as they are read.
    ///
    /// Throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package func run(to path: String, joins cache: JoinCache, progress: (Int) -> Void = { _ in }) throws
        -> Int
    {
        let reader = try RowReader(
            path: task.path, range: task.range.map { $0[0]..<$0[1] }, firstLine: task.firstLine)
        let writer = try ShuffleFileWriter(
            path: path, rangeCount: plan.rangeCount, attributes: sources.attributes.count)
        let state = try ScanState(plan: plan, sources: sources, table: table, cache: cache, file: task.path)
        var reported = 0
        var rows = 0
        do {
            while let block = try reader.next() {
                rows += try state.add(block, reader)
                if state.memory > memoryBudget { try state.flush(to: writer) }
                progress(reader.bytesRead - reported)
                reported = reader.bytesRead
            }
            try state.flush(to: writer)
            try writer.finish()
        } catch {
            writer.abandon()
            throw reader.rootCause(of: error)
        }
        return rows
    }
}

/// The rows of one scan that are not written yet, and what is needed to decode the next one.
private final class ScanState {
    private let sources: ColumnSources
    private let table: DatasetDefinition.Table
    private let file: String
    private let parser: TimestampParser
    private let joins: [JoinTable]
    private var joinGuesses: [UInt32]
    /// Whether the patient stands in a joined file.
    private let isRoutedByJoin: Bool
    private let router: RangeRouter
    private var symbols = SymbolTable()
    private let buffer: RunBuffer
    private var values: [UInt32]
    private var guesses: [UInt32]
    private var patientGuess = UInt32.max
    /// Per joined column, symbols of the join's values in this scan's table.
    private var translated: [[[UInt32]]]
    private var scratch: [UInt8] = []

    init(
        plan: InspectionPlan, sources: ColumnSources, table: DatasetDefinition.Table, cache: JoinCache,
        file: String
    ) throws {
        self.sources = sources
        self.table = table
        self.file = file
        parser = TimestampParser.of(table.timestampFormat)
        joins = try sources.joins.map(cache.table(for:))
        if case .joined = sources.patient { isRoutedByJoin = true } else { isRoutedByJoin = false }
        joinGuesses = Array(repeating: .max, count: joins.count)
        router = RangeRouter(splitters: plan.splitters, endID: plan.endID)
        let width = sources.attributes.count
        buffer = RunBuffer(attributes: width)
        values = Array(repeating: 0, count: width)
        guesses = Array(repeating: .max, count: width)
        translated = joins.map { table in table.columns.map { _ in [] } }
    }

    /// Bytes held by rows and texts.
    var memory: Int { buffer.byteCount + symbols.byteCount + symbols.count * 24 }

    /// Adds a block's rows; returns how many events they became.
    func add(_ block: RowBlock, _ reader: RowReader) throws -> Int {
        let before = buffer.rowCount
        var matches = Array(repeating: JoinTable.noRow, count: joins.count)
        for row in 0..<block.count {
            if isRoutedByJoin {
                try join(block, row, reader, nil, &matches, level: 0)
                continue
            }
            guard let place = try route(block, row, reader) else { continue }
            if joins.isEmpty {
                try emit(block, row, reader, place, matches)
            } else {
                try join(block, row, reader, place, &matches, level: 0)
            }
        }
        return buffer.rowCount - before
    }

    func flush(to writer: ShuffleFileWriter) throws {
        guard buffer.rowCount > 0 else { return }
        try writer.writeRun(buffer, symbols: symbols)
        buffer.clear()
        symbols = SymbolTable()
        patientGuess = .max
        router.forget()
        for i in guesses.indices { guesses[i] = .max }
        translated = joins.map { table in table.columns.map { _ in [] } }
    }

    /// The patient and his range, nil for patients that are left out.
    private typealias Place = (patient: UInt32, range: Int)

    private func route(_ block: RowBlock, _ row: Int, _ reader: RowReader) throws -> Place? {
        guard case .own(let column) = sources.patient else {
            let id = Array(String(block.firstRow + row).utf8)
            let symbol = id.withUnsafeBufferPointer { symbols.intern($0).index }
            return router.range(of: symbol, in: symbols).map { (symbol, $0) }
        }
        let bytes = block.field(row, column).bytes
        guard !bytes.isEmpty else {
            throw DatasetError.missingPatientID(
                table: table.name, file: file, line: reader.line(of: row, in: block),
                column: reader.header[column])
        }
        patientGuess = symbols.intern(bytes, guess: patientGuess)
        return router.range(of: patientGuess, in: symbols).map { (patientGuess, $0) }
    }

    /// The place of a row whose patient stands in a joined file.
    private func route(
        _ number: Int, _ column: Int, _ matches: [UInt32], _ line: @autoclosure () -> Int
    ) throws -> Place? {
        guard matches[number] != JoinTable.noRow else { return nil }
        let symbol = joinedSymbol(number, column, matches[number])
        guard symbol != EventTable.missingSymbol else {
            throw DatasetError.missingPatientID(
                table: table.name, file: joins[number].file, line: line(),
                column: sources.joins[number].columns[column])
        }
        return router.range(of: symbol, in: symbols).map { (symbol, $0) }
    }

    /// Goes through the partners of every join in turn, in the right file's order; `place` is nil where a joined file names
    /// the patient.
    private func join(
        _ block: RowBlock, _ row: Int, _ reader: RowReader, _ place: Place?, _ matches: inout [UInt32],
        level: Int
    ) throws {
        guard level < joins.count else {
            if let place { return try emit(block, row, reader, place, matches) }
            guard case .joined(let number, let column) = sources.patient,
                let place = try route(number, column, matches, reader.line(of: row, in: block))
            else { return }
            return try emit(block, row, reader, place, matches)
        }
        let key = block.field(row, sources.joins[level].key).bytes
        var match = joins[level].firstRow(key, guess: &joinGuesses[level])
        if match == JoinTable.noRow {
            guard sources.joins[level].how == .left else { return }
            matches[level] = match
            return try join(block, row, reader, place, &matches, level: level + 1)
        }
        while match != JoinTable.noRow {
            matches[level] = match
            try join(block, row, reader, place, &matches, level: level + 1)
            match = joins[level].nextRow(after: match)
        }
    }

    private func emit(
        _ block: RowBlock, _ row: Int, _ reader: RowReader, _ place: Place, _ matches: [UInt32]
    ) throws {
        let time = try time(block, row, reader, matches)
        for i in values.indices {
            switch sources.attributes[i] {
            case .own(let column): values[i] = symbol(block.field(row, column), &guesses[i])
            case .joined(let number, let column): values[i] = joinedSymbol(number, column, matches[number])
            }
        }
        values.withUnsafeBufferPointer {
            buffer.append(range: place.range, patient: place.patient, time: time, attributes: $0)
        }
    }

    @inline(__always)
    private func symbol(
        _ field: (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool), _ guess: inout UInt32
    ) -> UInt32 {
        guard !field.bytes.isEmpty else { return EventTable.missingSymbol }
        if field.doubled {
            RowBlock.unescape(field.bytes, into: &scratch)
            return scratch.withUnsafeBufferPointer { symbols.intern($0).index }
        }
        guess = symbols.intern(field.bytes, guess: guess)
        return guess
    }

    private func joinedSymbol(_ number: Int, _ column: Int, _ row: UInt32) -> UInt32 {
        guard row != JoinTable.noRow else { return EventTable.missingSymbol }
        let value = joins[number].columns[column][Int(row)]
        guard value != EventTable.missingSymbol else { return value }
        if translated[number][column].isEmpty {
            translated[number][column] = Array(
                repeating: EventTable.missingSymbol, count: joins[number].textCount)
        }
        let known = translated[number][column][Int(value)]
        if known != EventTable.missingSymbol { return known }
        let symbol = joins[number].withText(value) { symbols.intern($0).index }
        translated[number][column][Int(value)] = symbol
        return symbol
    }

    private func time(_ block: RowBlock, _ row: Int, _ reader: RowReader, _ matches: [UInt32]) throws -> Int64
    {
        guard let first = sources.times.first else { return Timestamp.missing }
        if sources.times.count > 1 { return try concatenatedTime(block, row, reader, matches) }
        switch first {
        case .own(let column):
            let bytes = block.field(row, column).bytes
            if bytes.isEmpty {
                guard let fallback = sources.fallbackTime else { return Timestamp.missing }
                let date = block.field(row, fallback).bytes
                return date.isEmpty ? Timestamp.missing : try parse(date, block, row, reader)
            }
            return try parse(bytes, block, row, reader)
        case .joined(let number, let column):
            guard matches[number] != JoinTable.noRow else { return Timestamp.missing }
            return try joinedTime(number, column, matches[number])
        }
    }

    private func joinedTime(_ number: Int, _ column: Int, _ match: UInt32) throws -> Int64 {
        let time = joins[number].times[column][Int(match)]
        if let line = JoinTable.unreadableLine(time) { throw unparsable(joins[number].file, line) }
        return time
    }

    private func concatenatedTime(
        _ block: RowBlock, _ row: Int, _ reader: RowReader, _ matches: [UInt32]
    ) throws -> Int64 {
        var bytes: [UInt8] = []
        for source in sources.times {
            switch source {
            case .own(let column):
                let part = block.field(row, column).bytes
                guard !part.isEmpty else { return Timestamp.missing }
                bytes += part
            case .joined(let number, let column):
                guard matches[number] != JoinTable.noRow else { return Timestamp.missing }
                let value = joins[number].columns[column][Int(matches[number])]
                guard value != EventTable.missingSymbol else { return Timestamp.missing }
                joins[number].withText(value) { bytes += $0 }
            }
        }
        return try bytes.withUnsafeBufferPointer { try parse($0, block, row, reader) }
    }

    @inline(__always)
    private func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, _ block: RowBlock, _ row: Int, _ reader: RowReader
    ) throws -> Int64 {
        guard let time = parser.parse(bytes) else { throw unparsable(file, reader.line(of: row, in: block)) }
        return time.milliseconds
    }

    private func unparsable(_ file: String, _ line: Int) -> DatasetError {
        .unparsableTime(
            table: table.name, file: file, line: line, columns: table.timestamp,
            format: table.timestampFormat ?? "YYYY-MM-DD[ HH:MM[:SS]]")
    }
}

/// Finds the patient range of a patient's symbol by binary search over the splitters, remembering every answer.
private final class RangeRouter {
    private let splitters: [[UInt8]]
    private let endID: [UInt8]?
    private var known: [Int32] = []

    init(splitters: [String], endID: String?) {
        self.splitters = splitters.map { Array($0.utf8) }
        self.endID = endID.map { Array($0.utf8) }
    }

    /// The range, nil for patients that are left out.
    @inline(__always)
    func range(of symbol: UInt32, in symbols: SymbolTable) -> Int? {
        let index = Int(symbol)
        if index < known.count, known[index] != -1 { return known[index] == -2 ? nil : Int(known[index]) }
        return search(symbol, symbols)
    }

    func forget() { known.removeAll(keepingCapacity: true) }

    private func search(_ symbol: UInt32, _ symbols: SymbolTable) -> Int? {
        let id = symbols.withBytes(of: Symbol(index: symbol)) { Array($0) }
        var answer: Int32 = -2
        if endID.map({ id.lexicographicallyPrecedes($0) }) ?? true {
            var (low, high) = (0, splitters.count)
            while low < high {
                let middle = (low + high) / 2
                if id.lexicographicallyPrecedes(splitters[middle]) { high = middle } else { low = middle + 1 }
            }
            answer = Int32(low)
        }
        while known.count <= Int(symbol) { known.append(-1) }
        known[Int(symbol)] = answer
        return answer == -2 ? nil : Int(answer)
    }
}

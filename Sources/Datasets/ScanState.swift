import ClinicalData
import DelimitedText
import Groundwork

/// The rows of one scan that are not written yet, and what is needed to decode the next ones.
///
/// A block of rows is worked off column by column: which rows stay and with which partners of the joins, then their patients,
/// times and attributes, so that the inner loops touch one column and one table of texts.
final class ScanState {
    private let sources: ColumnSources
    private let table: DatasetDefinition.Table
    private let file: String
    private let parser: TimestampParser
    private let joins: [JoinTable]
    private let origins: StayOrigins?
    private let router: RangeRouter
    private let symbols = SymbolTable()
    private let buffer: RunBuffer
    /// The last symbol of every attribute, of the patient and of every join's key.
    private var guesses: [UInt32]
    private var patientGuess = UInt32.max
    private var joinGuesses: [UInt32]
    /// Per joined column, symbols of the join's values in this scan's table.
    private var translated: [[[UInt32]]]
    private var scratch: [UInt8] = []
    private var textCheck: TextCheck
    /// Rows that an inner join dropped, since no row of the joined file has their key.
    private(set) var dropped = 0

    init(
        plan: InspectionPlan, sources: ColumnSources, table: DatasetDefinition.Table, cache: JoinCache,
        file: String
    ) throws {
        self.sources = sources
        self.table = table
        self.file = file
        parser = TimestampParser.of(sources.timestampFormat)
        joins = try sources.joins.map(cache.table(for:))
        origins = try sources.offset.map(cache.origins(for:))
        joinGuesses = Array(repeating: .max, count: joins.count)
        router = RangeRouter(plan)
        buffer = RunBuffer(attributes: sources.attributes.count)
        guesses = Array(repeating: .max, count: sources.attributes.count)
        translated = joins.map { table in table.columns.map { _ in [] } }
        let texts = (sources.patient.map { [$0] } ?? []) + sources.attributes
        textCheck = TextCheck(
            file: file, columns: texts.compactMap { if case .own(let column) = $0 { column } else { nil } })
    }

    /// Bytes held by rows and texts.
    var memory: Int { buffer.byteCount + symbols.byteCount + symbols.count * 24 }

    /// Bytes of the different texts.
    var textBytes: Int { symbols.byteCount }

    /// Adds a block's rows; returns how many events they became.
    func add(_ block: RowBlock, _ reader: any TableReader) throws -> Int {
        var rows = JoinedRows(count: block.count, joins: joins.count)
        if case .joined(let number, let column) = sources.patient {
            join(block, &rows)
            try route(block, reader, number, column, &rows)
        } else {
            try route(block, reader, &rows)
            join(block, &rows)
        }
        buffer.append(patients: rows.patients, ranges: rows.ranges)
        buffer.append(times: try times(block, reader, rows))
        for i in sources.attributes.indices {
            switch sources.attributes[i] {
            case .own(let column): buffer.append(ownColumn(block, column, rows, &guesses[i]), column: i)
            case .joined(let number, let column):
                buffer.append(joinedColumn(number, column, rows), column: i)
            }
        }
        try textCheck.check(symbols, after: block, reader)
        return rows.count
    }

    func flush(to writer: ShuffleFileWriter) throws {
        guard buffer.rowCount > 0 else { return }
        try writer.writeRun(buffer, symbols: symbols)
        buffer.clear()
        symbols.removeAll()
        textCheck.forget()
        patientGuess = .max
        router.forget()
        for i in guesses.indices { guesses[i] = .max }
        translated = joins.map { table in table.columns.map { _ in [] } }
    }

    /// Finds the patients of the rows by a column of their own, or by the number of the row; drops rows of patients that are
    /// left out.
    private func route(_ block: RowBlock, _ reader: any TableReader, _ rows: inout JoinedRows) throws {
        var patients = [UInt32](repeating: 0, count: block.count)
        if case .own(let column) = sources.patient {
            var guess = patientGuess
            for row in 0..<block.count {
                let (bytes, doubled) = block.field(row, column)
                guard !bytes.isEmpty else {
                    throw DatasetError.missingPatientID(
                        table: table.name, file: file, line: reader.line(of: row, in: block),
                        column: reader.header[column])
                }
                if doubled {
                    RowBlock.unescape(bytes, into: &scratch)
                    guess = scratch.withUnsafeBufferPointer { symbols.intern($0).index }
                } else {
                    guess = symbols.intern(bytes, guess: guess)
                }
                patients[row] = guess
            }
            patientGuess = guess
        } else {
            for row in 0..<block.count { patients[row] = symbols.intern(String(block.firstRow + row)).index }
        }
        rows.setPatients(patients) { router.range(of: $0, in: symbols) }
    }

    /// Finds the patients of the rows in a joined file.
    private func route(
        _ block: RowBlock, _ reader: any TableReader, _ number: Int, _ column: Int, _ rows: inout JoinedRows
    ) throws {
        let patients = joinedColumn(number, column, rows)
        if let place = patients.firstIndex(of: EventTable.missingSymbol) {
            throw DatasetError.missingPatientID(
                table: table.name, file: file, line: reader.line(of: Int(rows.rows[place]), in: block),
                joined: joins[number].file, column: sources.joins[number].columns[column])
        }
        rows.setPatients(patients) { router.range(of: $0, in: symbols) }
    }

    /// Goes through the joins in turn; a row with several partners is repeated in the right file's order.
    private func join(_ block: RowBlock, _ rows: inout JoinedRows) {
        for number in joins.indices {
            let (table, key) = (joins[number], sources.joins[number].key)
            var guess = joinGuesses[number]
            let first = rows.rows.map { row in
                let field = block.field(Int(row), key)
                guard field.doubled else { return table.firstRow(field.bytes, guess: &guess) }
                RowBlock.unescape(field.bytes, into: &scratch)
                return scratch.withUnsafeBufferPointer { table.firstRow($0, guess: &guess) }
            }
            joinGuesses[number] = guess
            // Rows of another part are not lost.
            if sources.joins[number].how != .left, sources.joins[number].only == nil {
                dropped += first.count { $0 == JoinTable.noRow }
            }
            rows.join(number, first, keepsUnmatched: sources.joins[number].how == .left) {
                table.nextRow(after: $0)
            }
        }
    }

    /// The symbols of a column of the table's own.
    private func ownColumn(
        _ block: RowBlock, _ column: Int, _ rows: JoinedRows, _ lastSymbol: inout UInt32
    ) -> [UInt32] {
        var guess = lastSymbol
        defer { lastSymbol = guess }
        let symbols = symbols
        return [UInt32](unsafeUninitializedCapacity: rows.count) { target, filled in
            rows.rows.withUnsafeBufferPointer { rows in
                for place in 0..<rows.count {
                    let field = block.field(Int(rows[place]), column)
                    if field.bytes.isEmpty {
                        target[place] = EventTable.missingSymbol
                    } else if field.doubled {
                        RowBlock.unescape(field.bytes, into: &scratch)
                        target[place] = scratch.withUnsafeBufferPointer { symbols.intern($0).index }
                    } else {
                        guess = symbols.intern(field.bytes, guess: guess)
                        target[place] = guess
                    }
                }
            }
            filled = rows.count
        }
    }

    /// The symbols of a column of a joined file.
    private func joinedColumn(_ number: Int, _ column: Int, _ rows: JoinedRows) -> [UInt32] {
        var known = translated[number][column]
        translated[number][column] = []
        defer { translated[number][column] = known }
        if known.isEmpty {
            known = Array(repeating: EventTable.missingSymbol, count: joins[number].textCount)
        }
        let values = joins[number].columns[column]
        return rows.matches[number].map { match in
            guard match != JoinTable.noRow else { return EventTable.missingSymbol }
            let value = values[Int(match)]
            guard value != EventTable.missingSymbol else { return value }
            if known[Int(value)] == EventTable.missingSymbol {
                known[Int(value)] = joins[number].withText(value) { symbols.intern($0).index }
            }
            return known[Int(value)]
        }
    }
}

// Times.
extension ScanState {
    /// The times of the rows in milliseconds.
    private func times(_ block: RowBlock, _ reader: any TableReader, _ rows: JoinedRows) throws -> [Int64] {
        if let origins, let offset = sources.offset {
            return try offsetTimes(block, reader, rows, offset, origins)
        }
        guard let first = sources.times.first else {
            return Array(repeating: Timestamp.missing, count: rows.count)
        }
        if sources.times.count > 1 {
            return try (0..<rows.count).map { try concatenatedTime(block, reader, rows, $0) }
        }
        switch first {
        case .own(let column): return try ownTimes(block, reader, rows, column)
        case .joined(let number, let column):
            let times = joins[number].times[column]
            return try rows.matches[number].map { match in
                guard match != JoinTable.noRow else { return Timestamp.missing }
                let time = times[Int(match)]
                if let line = JoinTable.unreadableLine(time) { throw unparsable(joins[number].file, line) }
                return time
            }
        }
    }

    /// Beginnings of stays and the minutes since; missing where one of the two is.
    private func offsetTimes(
        _ block: RowBlock, _ reader: any TableReader, _ rows: JoinedRows, _ offset: ColumnSources.Offset,
        _ origins: StayOrigins
    ) throws -> [Int64] {
        var guess = UInt32.max
        return try rows.rows.map { row in
            let stay = block.field(Int(row), offset.stay).bytes
            guard let origin = origins.origin(of: stay, guess: &guess) else { return Timestamp.missing }
            guard let column = offset.minutes else { return origin }
            let bytes = block.field(Int(row), column).bytes
            guard !bytes.isEmpty else { return Timestamp.missing }
            guard let minutes = StayOrigins.minutes(bytes) else {
                throw DatasetError.unparsableTime(
                    table: table.name, file: file, line: reader.line(of: Int(row), in: block),
                    columns: [reader.header[column]], format: "a whole number of minutes")
            }
            return origin + Int64(minutes) * StayOrigins.minute
        }
    }

    private func ownTimes(
        _ block: RowBlock, _ reader: any TableReader, _ rows: JoinedRows, _ column: Int
    ) throws -> [Int64] {
        var times: [Int64] = []
        times.reserveCapacity(rows.count)
        var date = RecentDate()
        for row in rows.rows {
            var bytes = block.field(Int(row), column).bytes
            if bytes.isEmpty, let fallback = sources.fallbackTime {
                bytes = block.field(Int(row), fallback).bytes
            }
            if bytes.isEmpty {
                times.append(Timestamp.missing)
            } else if let time = parser.parse(bytes, &date) {
                times.append(time.milliseconds)
            } else {
                throw unparsable(file, reader.line(of: Int(row), in: block))
            }
        }
        return times
    }

    /// The time that several columns make together; missing if one of them is.
    private func concatenatedTime(
        _ block: RowBlock, _ reader: any TableReader, _ rows: JoinedRows, _ place: Int
    ) throws -> Int64 {
        var bytes: [UInt8] = []
        for source in sources.times {
            switch source {
            case .own(let column):
                let part = block.field(Int(rows.rows[place]), column).bytes
                guard !part.isEmpty else { return Timestamp.missing }
                bytes += part
            case .joined(let number, let column):
                let match = rows.matches[number][place]
                guard match != JoinTable.noRow else { return Timestamp.missing }
                let value = joins[number].columns[column][Int(match)]
                guard value != EventTable.missingSymbol else { return Timestamp.missing }
                joins[number].withText(value) { bytes += $0 }
            }
        }
        guard let time = bytes.withUnsafeBufferPointer({ parser.parse($0) }) else {
            let joined = sources.times.lazy.compactMap { source in
                if case .joined(let number, _) = source { self.joins[number].file } else { nil }
            }
            throw unparsable(file, reader.line(of: Int(rows.rows[place]), in: block), joined: joined.first)
        }
        return time.milliseconds
    }

    private func unparsable(_ file: String, _ line: Int, joined: String? = nil) -> DatasetError {
        .unparsableTime(
            table: table.name, file: file, line: line, joined: joined, columns: table.timestamp,
            format: table.timestampFormat ?? "YYYY-MM-DD[ HH:MM[:SS]]")
    }
}

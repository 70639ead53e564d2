import ClinicalData

/// Makes the value of one field from chosen rows, which are in order of time.
struct FeatureReading {
    typealias Row = (row: Int, time: Int64)

    let feature: DeclarativeFeature
    let events: Events
    let symbols: SymbolTable
    let scene: Scene

    func value(_ rows: [Row]) -> FieldValue {
        switch feature.form {
        case .codes: return .codes(distinct(rows.flatMap { codes($0.row) }))
        case .groups(let key): return .nestedCodes(groups(rows, by: key).map(\.codes))
        case .timed(let key?, let clock):
            let groups = groups(rows.filter { $0.time != Timestamp.missing }, by: key)
            return .timed(hours(groups.map(\.time), clock), .nestedCodes(groups.map(\.codes)))
        case .timed(nil, let clock): return timedCodes(rows, clock)
        case .text(let which): return text(rows, which)
        case .series(let items):
            let (times, matrix) = matrix(rows, items)
            return .timed(times.map(Double.init), .nestedNumbers(matrix))
        case .rows(let items, let clock):
            let (times, matrix) = matrix(rows, items)
            return .timed(hours(times, clock), .nestedNumbers(matrix))
        case .vector(let items, let aggregate, let fill): return vector(rows, items, aggregate, fill)
        }
    }

    /// The codes of a row, with the prefix where there is one; a null prefix leaves the code as it is.
    private func codes(_ row: Int) -> [Symbol?] {
        let event = events[row]
        return feature.attributes.compactMap { attribute -> Symbol?? in
            guard let code = event.symbol(attribute) else { return feature.keepsNulls ? .some(nil) : nil }
            guard let prefix = feature.prefix, let text = event[prefix] else { return code }
            return symbols.intern("\(text)_\(symbols[code])")
        }
    }

    private func distinct(_ codes: [Symbol?]) -> [Symbol?] {
        guard feature.isDistinct else { return codes }
        var seen = Set<Symbol?>()
        return codes.filter { seen.insert($0).inserted }
    }

    /// Codes by key in order of the first row of each; rows without a key are left out.
    private func groups(_ rows: [Row], by key: String) -> [(time: Int64, codes: [Symbol?])] {
        var places: [Symbol: Int] = [:]
        var groups: [(time: Int64, codes: [Symbol?])] = []
        let keys = events.column(key)
        for (row, time) in rows {
            guard let key = keys[row], case let own = codes(row), !own.isEmpty else { continue }
            if let place = places[key] {
                groups[place].codes += own
            } else {
                places[key] = groups.count
                groups.append((time, own))
            }
        }
        return groups.map { ($0.time, distinct($0.codes)) }
    }

    private func timedCodes(_ rows: [Row], _ clock: DeclarativeFeature.Clock) -> FieldValue {
        var times: [Int64] = []
        var found: [Symbol?] = []
        var seen = Set<Symbol?>()
        for (row, time) in rows where time != Timestamp.missing {
            for code in codes(row) where !feature.isDistinct || seen.insert(code).inserted {
                times.append(time)
                found.append(code)
            }
        }
        return .timed(hours(times, clock), .codes(found))
    }

    private func text(_ rows: [Row], _ which: Aggregate) -> FieldValue {
        let texts = rows.lazy.flatMap { codes($0.row) }.compactMap { $0 }
        return (which == .first ? texts.first : Array(texts).last).map { .text($0) } ?? .null
    }

    private func hours(_ times: [Int64], _ clock: DeclarativeFeature.Clock) -> [Double] {
        var origin = times.first ?? 0
        switch clock {
        case .previous: break
        case .start: origin = scene.start?.milliseconds ?? origin
        case .prediction: origin = scene.prediction?.milliseconds ?? origin
        }
        return times.map { time in
            defer { if clock == .previous { origin = time } }
            return Double(time - origin) / 3_600_000
        }
    }

    /// One row per moment; of several numbers of a column at one moment the later row's counts.
    private func matrix(
        _ rows: [Row], _ items: DeclarativeFeature.Items
    ) -> (times: [Int64], rows: [[Double?]]) {
        var times: [Int64] = []
        var matrix: [[Double?]] = []
        each(rows, items) { time, column, number in
            guard time != Timestamp.missing else { return }
            if times.last != time {
                times.append(time)
                matrix.append(Array(repeating: nil, count: max(1, items.columns.count)))
            }
            matrix[matrix.count - 1][column] = number
        }
        return (times, matrix)
    }

    private func vector(
        _ rows: [Row], _ items: DeclarativeFeature.Items, _ aggregate: Aggregate, _ fill: Double
    ) -> FieldValue {
        var values: [[Double]] = Array(repeating: [], count: max(1, items.columns.count))
        each(rows, items) { _, column, number in values[column].append(number) }
        if feature.isRequired, values.allSatisfy(\.isEmpty) { return .null }
        return .numbers(values.map { aggregate.of($0) ?? fill })
    }

    /// Calls `body` with time, column and number of every row that has a number and one of the items.
    private func each(
        _ rows: [Row], _ items: DeclarativeFeature.Items, _ body: (Int64, Int, Double) -> Void
    ) {
        var columns: [Symbol: Int] = [:]
        for (place, texts) in items.columns.enumerated() {
            for text in texts { if let symbol = symbols.find(text) { columns[symbol] = place } }
        }
        let keys = items.item.map(events.column)
        let values = events.column(items.value)
        for (row, time) in rows {
            let place = keys.map { keys in keys[row].flatMap { columns[$0] } } ?? 0
            guard let place, let number = values[row].flatMap({ finiteNumber(symbols[$0]) }) else { continue }
            body(time, place, number)
        }
    }
}

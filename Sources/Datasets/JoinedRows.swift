/// Which rows of a block become events, in order: the row, its patient, and its partner in every join.
struct JoinedRows {
    /// Row numbers in the block; a row with several partners stands several times.
    private(set) var rows: [UInt32]
    /// Per join, the partner's row number in the joined file, ``JoinTable/noRow`` for none.
    private(set) var matches: [[UInt32]]
    /// The patients' symbols, empty before they are set.
    private(set) var patients: [UInt32] = []
    /// The patients' ranges.
    private(set) var ranges: [UInt32] = []

    /// All rows of a block, before any join.
    init(count: Int, joins: Int) {
        rows = Array(0..<UInt32(count))
        matches = Array(repeating: [], count: joins)
    }

    /// The number of events.
    var count: Int { rows.count }

    /// Gives every row its patient; rows whose patient has no range are dropped.
    mutating func setPatients(_ symbols: [UInt32], range: (UInt32) -> Int?) {
        patients = symbols
        ranges = []
        ranges.reserveCapacity(symbols.count)
        var dropped = false
        for symbol in symbols {
            guard let number = range(symbol) else {
                dropped = true
                ranges.append(.max)
                continue
            }
            ranges.append(UInt32(number))
        }
        if dropped { keep(ranges.indices.filter { ranges[$0] != .max }) }
    }

    /// Gives every row its partners of one join: `first` by row, `next` after each; without one a row stays or is dropped.
    mutating func join(_ number: Int, _ first: [UInt32], keepsUnmatched: Bool, next: (UInt32) -> UInt32) {
        var places: [Int] = []
        var partners: [UInt32] = []
        var isOneToOne = true
        for place in first.indices {
            var match = first[place]
            let following = match == JoinTable.noRow ? JoinTable.noRow : next(match)
            if following == JoinTable.noRow, match != JoinTable.noRow || keepsUnmatched { continue }
            // The first row that has no or several partners: from here on rows are listed one by one.
            isOneToOne = false
            places = Array(0..<place)
            partners = Array(first[0..<place])
            for rest in place..<first.count {
                match = first[rest]
                if match == JoinTable.noRow, keepsUnmatched {
                    places.append(rest)
                    partners.append(match)
                }
                while match != JoinTable.noRow {
                    places.append(rest)
                    partners.append(match)
                    match = next(match)
                }
            }
            break
        }
        if isOneToOne {
            matches[number] = first
        } else {
            keep(places)
            matches[number] = partners
        }
    }

    /// Keeps the entries at `places`, which may repeat.
    private mutating func keep(_ places: [Int]) {
        rows = places.map { rows[$0] }
        if !patients.isEmpty {
            patients = places.map { patients[$0] }
            ranges = places.map { ranges[$0] }
        }
        for number in matches.indices where !matches[number].isEmpty {
            matches[number] = places.map { matches[number][$0] }
        }
    }
}

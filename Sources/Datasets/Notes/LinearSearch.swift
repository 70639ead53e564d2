extension RandomAccessCollection where Index == Int, Element: Equatable {
    /// Where `wanted` stands for the first time at `start` or behind it, and before `end`, the collection's own by default.
    ///
    /// Takes time linear in both lengths, whatever they hold (Knuth, Morris and Pratt 1977).
    func firstRange(
        of wanted: some RandomAccessCollection<Element>, from start: Int, to end: Int? = nil
    ) -> Range<Int>? {
        let wanted = Array(wanted)
        guard !wanted.isEmpty else { return start..<start }
        // How much of the beginning is also the end of each beginning.
        var borders = [0]
        var matched = 0
        for place in wanted.indices.dropFirst() {
            while matched > 0, wanted[place] != wanted[matched] { matched = borders[matched - 1] }
            if wanted[place] == wanted[matched] { matched += 1 }
            borders.append(matched)
        }
        matched = 0
        var place = start
        while place < end ?? endIndex {
            while matched > 0, self[place] != wanted[matched] { matched = borders[matched - 1] }
            if self[place] == wanted[matched] { matched += 1 }
            place += 1
            if matched == wanted.count { return (place - matched)..<place }
        }
        return nil
    }
}

import ClinicalData

/// Finds the patient range of a patient's symbol by binary search over the splitters, remembering every answer.
final class RangeRouter {
    private let splitters: [[UInt8]]
    private let endID: [UInt8]?
    private let onlyID: [UInt8]?
    private var known: [Int32] = []

    init(_ plan: InspectionPlan) {
        splitters = plan.splitters.map { Array($0.utf8) }
        endID = plan.endID.map { Array($0.utf8) }
        onlyID = plan.onlyID.map { Array($0.utf8) }
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
        if endID.map({ id.lexicographicallyPrecedes($0) }) ?? true, onlyID.map({ id == $0 }) ?? true {
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

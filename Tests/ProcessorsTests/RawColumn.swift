import ClinicalData
import Groundwork
import Tasks
import TestSupport

/// Raw values of one field as a task would give them, made from JSON.
enum RawColumn {
    /// One value; nil where a typed sample cannot hold it (lists of mixed kinds, a text as a list, tuples, mappings).
    static func value(_ json: JSONValue, _ symbols: SymbolTable, processor: String) -> FieldValue? {
        switch json {
        case .null: return takesLists(processor) && processor != "nested_sequence" ? nil : .null
        case .bool(let value): return takesLists(processor) ? nil : .number(value ? 1 : 0)
        case .number(let value): return takesLists(processor) ? nil : .number(value)
        case .text(let text): return takesLists(processor) ? nil : .text(symbols.intern(text))
        case .object: return nil
        case .list(let items): return list(items, symbols, processor)
        }
    }

    private static func takesLists(_ processor: String) -> Bool {
        ["sequence", "nested_sequence", "multi_hot", "multilabel"].contains(processor)
    }

    private static func list(_ items: [JSONValue], _ symbols: SymbolTable, _ processor: String) -> FieldValue?
    {
        let isNested = items.contains { if case .list = $0 { true } else { false } }
        if processor == "nested_sequence" {
            guard items.allSatisfy({ $0 == .null || !$0.items.isEmpty || $0 == .list([]) }) else {
                return nil
            }
            let visits = items.map { codes($0.items, symbols) }
            return visits.contains { $0 == nil } ? nil : .nestedCodes(visits.compactMap { $0 })
        }
        if isNested {
            let rows = items.map { numbers($0.items) }
            return rows.contains { $0 == nil } ? nil : .nestedNumbers(rows.compactMap { $0 })
        }
        if let list = codes(items, symbols), !items.isEmpty || processor != "tensor" { return .codes(list) }
        return numbers(items).map { .numbers($0) }
    }

    private static func codes(_ items: [JSONValue], _ symbols: SymbolTable) -> [Symbol?]? {
        guard items.allSatisfy({ $0 == .null || $0.text != nil }) else { return nil }
        return items.map { $0.text.map { symbols.intern($0) } }
    }

    private static func numbers(_ items: [JSONValue]) -> [Double?]? {
        guard items.allSatisfy({ $0 == .null || $0.number != nil }) else { return nil }
        return items.map(\.number)
    }

    /// Samples of one field; nil if one of them cannot be held.
    static func samples(_ values: [JSONValue], processor: String) throws -> SampleColumns? {
        let symbols = SymbolTable()
        let patient = symbols.intern("p")
        var held: [FieldValue] = []
        for json in values {
            guard let value = value(json, symbols, processor: processor) else { return nil }
            held.append(value)
        }
        var builder = SampleColumnsBuilder(fields: ["field"], symbols: symbols)
        for value in held {
            do {
                try builder.append(Sample(patientID: patient, visitID: nil, values: [value]))
            } catch TaskError.mixedKinds { return nil }
        }
        return builder.finish()
    }
}

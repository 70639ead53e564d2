import ClinicalData
import Foundation
import Processors
import Tasks
import TestSupport
import Testing

/// One processor with what the reference implementation made of some values.
struct ProcessorCase: Sendable, CustomTestStringConvertible {
    let name: String
    let number: Int
    let content: JSONValue

    var testDescription: String { "\(name) \(number)" }

    /// Every case of every processor that the catalog knows.
    static let all: [ProcessorCase] = References.entries("processors").flatMap { file -> [ProcessorCase] in
        guard let content = try? JSONValue.load(file) else { return [] }
        return content.items.enumerated().compactMap { number, one in
            guard let name = one["processor"].text, ProcessorCatalog.names.contains(name), name != "ignore"
            else { return nil }
            return ProcessorCase(name: name, number: number, content: one)
        }
    }

    /// The processor, not yet fitted.
    func make() throws -> any FeatureProcessor {
        var options: [String: FieldOption] = [:]
        for (key, value) in content["kwargs"].members {
            switch value {
            case .number(let number):
                options[key] = Int(exactly: number).map { .integer($0) } ?? .number(number)
            case .bool(let flag): options[key] = .boolean(flag)
            case .text(let text): options[key] = .text(text.replacing("torch.", with: ""))
            case .object(let members) where key == "code_mapping":
                options[key] = try codeMapping(members["tuple"]?.items.compactMap(\.text) ?? [])
            default: options[key] = value["seconds"].number.map { .number($0) }
            }
        }
        return try ProcessorCatalog.make(FieldSchema("field", name, options))
    }

    private func codeMapping(_ systems: [String]) throws -> FieldOption {
        let maps = try #require(References.dataFolder("medcode"))
        let file = maps.appendingPathComponent(systems.joined(separator: "_to_") + ".csv").path
        return .codeMapping(
            source: try #require(systems.first), target: try #require(systems.last), file: file)
    }

    /// Fits on the samples' values, every sample a part of its own.
    func fit(_ processor: inout any FeatureProcessor) throws {
        for value in content["fit_values"].items {
            try processor.fit(column(of: Self.teaching(value, name), for: name), selecting: nil)
        }
        if content["fit_values"] != .null { try processor.finishFit(field: "field") }
    }
}

extension ProcessorCase {
    /// The part of a value that a sample can hold and a fit can learn from: numbers among concept keys teach nothing.
    private static func teaching(_ value: JSONValue, _ name: String) -> JSONValue {
        name == "cehr" ? .list(value.items.filter { $0.number == nil }) : value
    }
}

/// A value that a sample cannot hold: numbers beside texts, lists beside plain values, tuples, dictionaries.
struct NoFieldValue: Error {}

/// A column of one sample, in the form that a processor takes.
func column(of value: JSONValue, for processor: String = "") throws -> FieldColumn {
    try column(of: [value], for: processor)
}

/// A column of some samples, in the form that a processor takes.
func column(of values: [JSONValue], name: String = "field", for processor: String = "") throws -> FieldColumn
{
    let symbols = SymbolTable()
    var builder = SampleColumnsBuilder(fields: [name], symbols: symbols)
    for value in values {
        let patient = symbols.intern("p")
        let own =
            value == .null ? .null : try formedValue(value, symbols, processor) ?? fieldValue(value, symbols)
        try builder.append(Sample(patientID: patient, visitID: nil, values: [own]))
    }
    return builder.finish().fields[0]
}

/// The value in the form that only the named processor tells; nil where the value itself does.
private func formedValue(
    _ value: JSONValue, _ symbols: SymbolTable, _ processor: String
) throws -> FieldValue? {
    switch processor {
    case "deep_nested_sequence":
        return .deepNestedCodes(
            try value.items.map { try $0.items.map { try codeList($0, symbols) } })
    case "nested_sequence_floats":
        if let texts = texts(of: value.items, symbols) { return .nestedCodes(texts) }
        return .nestedNumbers(try value.items.map(numberList))
    case "deep_nested_sequence_floats":
        if texts(of: value.items.flatMap(\.items), symbols) != nil {
            return .deepNestedCodes(value.items.map { texts(of: $0.items, symbols, always: true) ?? [] })
        }
        return .deepNestedNumbers(try value.items.map { try $0.items.map(numberList) })
    case "timeseries", "temporal_timeseries", "stagenet_tensor":
        return .timed(times(value["tuple"].items[0]), try numberRows(value["tuple"].items[1]))
    case "stagenet":
        return .timed(times(value["tuple"].items[0]), try fieldValue(value["tuple"].items[1], symbols))
    case "tuple_time_text":
        return .timed(times(value["tuple"].items[1]), .codes(try codeList(value["tuple"].items[0], symbols)))
    default: return nil
    }
}

/// All lists as texts if one of them has a text that is not NaN: a sample does not hold texts beside numbers.
private func texts(of lists: [JSONValue], _ symbols: SymbolTable, always: Bool = false) -> [[Symbol?]]? {
    guard always || lists.contains(where: { $0.items.contains { $0.text.map { $0 != "nan" } ?? false } })
    else { return nil }
    return lists.map { list in
        list.items.map { item in (item.text ?? item.number.map { "\($0)" }).map { symbols.intern($0) } }
    }
}

/// Milliseconds of dates, else the numbers; those of lists of one number are the same.
private func times(_ value: JSONValue) -> [Double] {
    value.items.map { time in
        if let text = time["datetime"].text {
            let date = try? Date.ISO8601FormatStyle().parse(text.replacing(" ", with: "T") + "Z")
            return (date?.timeIntervalSince1970 ?? .nan) * 1000
        }
        return time.number ?? time.items.first?.number ?? FieldColumn.missingNumber
    }
}

private func numberRows(_ value: JSONValue) throws -> FieldValue {
    let items = value["array"] == .null ? value.items : value["array"].items
    guard items.contains(where: { if case .list = $0 { true } else { false } }) else {
        return .numbers(try numberList(.list(items)))
    }
    return .nestedNumbers(try items.map(numberList))
}

private func fieldValue(_ value: JSONValue, _ symbols: SymbolTable) throws -> FieldValue {
    switch value {
    case .null: return .null
    case .bool(let flag): return .integer(flag ? 1 : 0)
    case .number(let number): return Int(exactly: number).map { .integer($0) } ?? .number(number)
    case .text(let text): return .text(symbols.intern(text))
    case .object: throw NoFieldValue()
    case .list(let items):
        if items.contains(where: { if case .list = $0 { true } else { false } }) {
            if let codes = try? items.map({ try codeList($0, symbols) }) { return .nestedCodes(codes) }
            return .nestedNumbers(try items.map(numberList))
        }
        if let codes = try? codeList(value, symbols) { return .codes(codes) }
        return .numbers(try numberList(value))
    }
}

private func codeList(_ value: JSONValue, _ symbols: SymbolTable) throws -> [Symbol?] {
    if value == .null { return [] }
    guard case .list(let items) = value else { throw NoFieldValue() }
    return try items.map { item in
        if item == .null { return nil }
        guard let text = item.text else { throw NoFieldValue() }
        return symbols.intern(text)
    }
}

private func numberList(_ value: JSONValue) throws -> [Double?] {
    if value == .null { return [] }
    guard case .list(let items) = value else { throw NoFieldValue() }
    return try items.map { item in
        switch item {
        case .null: return nil
        case .bool(let flag): return flag ? 1 : 0
        case .number(let number): return number
        case .text("nan"): return .nan
        default: throw NoFieldValue()
        }
    }
}

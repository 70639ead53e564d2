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

    /// Every case of every processor that the catalog knows, but for code mappings.
    static let all: [ProcessorCase] = References.entries("processors").flatMap { file -> [ProcessorCase] in
        guard let content = try? JSONValue.load(file) else { return [] }
        return content.items.enumerated().compactMap { number, one in
            guard let name = one["processor"].text, ProcessorCatalog.names.contains(name), name != "ignore",
                one["kwargs"]["code_mapping"] == .null
            else { return nil }
            return ProcessorCase(name: name, number: number, content: one)
        }
    }

    /// The processor, not yet fitted.
    func make() throws -> any FeatureProcessor {
        var options: [String: FieldOption] = [:]
        for (key, value) in content["kwargs"].members {
            if let number = value.number { options[key] = .integer(Int(number)) }
            if let text = value.text { options[key] = .text(text.replacing("torch.", with: "")) }
        }
        return try ProcessorCatalog.make(FieldSchema("field", name, options))
    }

    /// Fits on the samples' values, every sample a part of its own.
    func fit(_ processor: inout any FeatureProcessor) throws {
        for value in content["fit_values"].items {
            try processor.fit(column(of: value), selecting: nil)
        }
        if content["fit_values"] != .null { try processor.finishFit(field: "field") }
    }
}

/// A value that a sample cannot hold: numbers beside texts, lists beside plain values, tuples, dictionaries.
struct NoFieldValue: Error {}

/// A column of one sample.
func column(of value: JSONValue) throws -> FieldColumn { try column(of: [value]) }

/// A column of some samples.
func column(of values: [JSONValue], name: String = "field") throws -> FieldColumn {
    let symbols = SymbolTable()
    var builder = SampleColumnsBuilder(fields: [name], symbols: symbols)
    for value in values {
        let patient = symbols.intern("p")
        try builder.append(
            Sample(patientID: patient, visitID: nil, values: [fieldValue(value, symbols)]))
    }
    return builder.finish().fields[0]
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
    guard case .list(let items) = value else { throw NoFieldValue() }
    return try items.map { item in
        switch item {
        case .null: return nil
        case .bool(let flag): return flag ? 1 : 0
        case .number(let number): return number
        default: throw NoFieldValue()
        }
    }
}

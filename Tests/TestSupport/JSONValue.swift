package import Foundation

/// Any JSON, with numbers read to the last bit (JSONSerialization rounds some of them).
package enum JSONValue: Decodable, Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Reads a file.
    package static func load(_ url: URL) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: url))
    }

    /// The value under a key; null for anything else.
    package subscript(key: String) -> JSONValue {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    package var number: Double? { if case .number(let value) = self { value } else { nil } }
    package var text: String? { if case .text(let value) = self { value } else { nil } }
    package var items: [JSONValue] { if case .list(let values) = self { values } else { [] } }
    package var members: [String: JSONValue] { if case .object(let values) = self { values } else { [:] } }

    /// All numbers below this value, depth first.
    package var numbers: [Double] {
        switch self {
        case .number(let value): [value]
        case .list(let values): values.flatMap(\.numbers)
        default: []
        }
    }
}

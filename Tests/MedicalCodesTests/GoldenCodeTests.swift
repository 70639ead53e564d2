import Foundation
import MedicalCodes
import TestSupport
import Testing

/// Standardised codes, ATC levels and maps equal the reference implementation's, over every case on file.
@Suite(.enabled(if: References.dataFolder("medcode") != nil)) struct GoldenCodeTests {
    private let folder: URL
    private let cases: [JSONValue]

    init() throws {
        folder = try #require(References.dataFolder("medcode"))
        cases = try JSONValue.load(folder.appendingPathComponent("golden_lookups.json")).items
    }

    private func cases(_ operation: String) -> [JSONValue] { cases.filter { $0["op"].text == operation } }

    @Test func standardisesCodes() {
        #expect(!cases("standardize").isEmpty)
        for one in cases("standardize") + cases("inner") {
            guard let code = one["code"].text else { continue }
            let wanted = one["result"].text ?? one["standardized"].text
            let found = CodeSystem(one["vocabulary"].text ?? "").standardized(code)
            #expect(wanted == nil || found == wanted, "\(one)")
        }
    }

    @Test func cutsATCCodes() {
        #expect(!cases("atc_convert").isEmpty)
        for one in cases("atc_convert") {
            guard let level = one["level"].number.map({ Int($0) }) ?? one["level"].text.flatMap({ Int($0) }),
                (1...5).contains(level), let code = one["code"].text, let wanted = one["result"].text
            else { continue }
            #expect(ATC.code(code, level: level) == wanted, "\(one)")
        }
    }

    @Test func mapsCodes() throws {
        #expect(!cases("cross").isEmpty)
        var maps: [String: CodeMap] = [:]
        for one in cases("cross") {
            guard let source = one["source"].text, let target = one["target"].text,
                let code = one["code"].text, case .list(let wanted) = one["mapped"],
                one["source_kwargs"] == .null, one["target_kwargs"] == .null,
                let file = file("\(source)_to_\(target)") ?? file("\(target)_to_\(source)")
            else { continue }
            let map = try maps[file] ?? CodeMap(file: file, source: source, target: target)
            maps[file + source] = map
            #expect(map.targets(of: code) == wanted.compactMap(\.text), "\(one)")
        }
        #expect(!maps.isEmpty)
    }

    private func file(_ name: String) -> String? {
        ["csv", "csv.gz"].map { folder.appendingPathComponent("\(name).\($0)").path }
            .first { FileManager.default.fileExists(atPath: $0) }
    }
}

import Testing

/// People look up the code of an error: every one of a configuration stands in a document.
@Suite struct ErrorCodeTests {
    /// The codes that a line of source gives to errors, its literal perhaps on the next line.
    private static func codes(_ line: String, _ next: String) -> [String] {
        var found: [String] = []
        for call in ["ConfigurationError(", ".error("] {
            guard let start = line.range(of: call)?.upperBound else { continue }
            let rest = line[start...].drop { $0 == " " }
            let text = rest.isEmpty ? next.drop { $0 == " " } : rest
            guard text.first == "\"", let end = text.dropFirst().firstIndex(of: "\"") else { continue }
            let code = text[text.index(after: text.startIndex)..<end]
            if !code.isEmpty, code.allSatisfy({ $0.isLowercase || $0.isNumber || $0 == "-" }) {
                found.append(String(code))
            }
        }
        return found
    }

    @Test func everyCodeOfAConfigurationIsDocumented() {
        let documents = SourceTree.everything.filter { $0.path.hasSuffix(".md") }.flatMap(\.lines).joined(
            separator: "\n")
        var known: Set<String> = []
        for file in SourceTree.sources {
            for (number, line) in file.lines.enumerated() {
                let next = number + 1 < file.lines.count ? file.lines[number + 1] : ""
                for code in Self.codes(line, next) where known.insert(code).inserted {
                    let isDocumented = documents.contains("`config.\(code)`")
                    #expect(isDocumented, "\(file.place(number)): config.\(code)")
                }
            }
        }
        #expect(known.count > 40, "\(known.count) codes were found")
    }
}

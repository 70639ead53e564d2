import Testing

/// Every `package` and `public` declaration says what it is.
@Suite struct DocumentationTests {
    /// Declarations without a doc comment that were there before this test: plain stored properties and memberwise
    /// initialisers. The numbers may only fall.
    static let known: [String: Int] = [
        "Batching": 4,
        "ClinicalData": 5,
        "ClusterProtocol": 40,
        "ClusterRuntime": 41,
        "Datasets": 2,
        "Evaluation": 6,
        "Kernels": 2,
        "Layers": 11,
        "Models": 8,
        "Processors": 17,
        "Stages": 17,
        "Storage": 12,
        "Tasks": 7,
        "Tensors": 4,
        "Training": 7,
        "ZeroMQ": 2,
    ]

    /// Requirements of protocols of the standard library; what implements them is documented there.
    static let standardRequirements: Set<String> = [
        "code", "configuration", "description", "encode", "endIndex", "errorDescription", "exitStatus",
        "hash",
        "message", "next", "run", "startIndex", "subscript", "validate",
    ]

    /// A declaration: its kind and name.
    private static func declaration(in line: String) -> (kind: String, name: String)? {
        // Regular expressions are slow without optimisation: most lines need none.
        guard line.contains("package ") || line.contains("public ") else { return nil }
        let words = /\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:package|public)\s+(?:\w+\(set\)\s+)?/
        let modifiers =
            /(?:(?:static|final|mutating|convenience|indirect|nonisolated|consuming|borrowing|required|lazy)\s+)*/
        let rest = /(func|struct|class|enum|protocol|actor|init|var)\b\s*([A-Za-z_]\w*)?/
        guard let start = line.prefixMatch(of: words) else { return nil }
        var tail = line[start.range.upperBound...]
        if let middle = tail.prefixMatch(of: modifiers) { tail = tail[middle.range.upperBound...] }
        guard let match = tail.prefixMatch(of: rest) else { return nil }
        return (String(match.1), match.2.map(String.init) ?? "")
    }

    /// The names that protocols of this package require; what implements them is documented at the protocol.
    static let requirements: Set<String> = {
        var names = standardRequirements
        for file in SourceTree.sources {
            var indent: Int?
            for line in file.lines {
                let depth = line.prefix { $0 == " " }.count
                if line.contains("protocol "),
                    line.contains(/^\s*((package|public|private|fileprivate) )?protocol \w/)
                {
                    indent = depth
                } else if let start = indent, line.dropFirst(start).hasPrefix("}") {
                    indent = nil
                } else if indent != nil, let match = line.firstMatch(of: /\b(?:func|var)\s+(\w+)/) {
                    names.insert(String(match.1))
                }
            }
        }
        return names
    }()

    /// Undocumented declarations of a file, as places.
    static func undocumented(_ file: SourceTree.File) -> [(kind: String, place: String)] {
        file.lines.indices.compactMap { number in
            guard let found = declaration(in: file.lines[number]) else { return nil }
            // Operators have no name; decoding initialisers belong to Decodable.
            guard found.kind == "init" || !found.name.isEmpty, !requirements.contains(found.name),
                !file.lines[number].contains("init(from decoder")
            else { return nil }
            var above = number - 1
            while above >= 0, file.lines[above].contains(/^\s*(@|#if)/) { above -= 1 }
            let isDocumented = above >= 0 && file.lines[above].contains(/^\s*\/\/\//)
            return isDocumented ? nil : (found.kind, "\(file.place(number)) \(found.kind) \(found.name)")
        }
    }

    @Test func typesProtocolsAndFunctionsAreDocumented() {
        for file in SourceTree.sources {
            for (kind, place) in Self.undocumented(file) where kind != "var" && kind != "init" {
                Issue.record("\(place) has no doc comment")
            }
        }
    }

    @Test(arguments: RoomTable.imports.keys.sorted()) func propertiesAndInitialisersAreDocumented(
        room: String
    ) {
        let found = SourceTree.sources.filter { $0.room == room }.flatMap(Self.undocumented)
            .filter { $0.kind == "var" || $0.kind == "init" }.map(\.place)
        #expect(
            found.count <= Self.known[room] ?? 0,
            "\(found.count) declarations without a doc comment: \(found.joined(separator: "\n"))")
    }
}

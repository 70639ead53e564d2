import Testing

@Suite struct ImportTests {
    /// The module that a line imports, nil if it imports none.
    static func module(in line: String) -> String? {
        // Regular expressions are slow without optimisation: most lines need none.
        guard line.contains("import "),
            let match = line.firstMatch(
                of: /^\s*(@[a-zA-Z_(:)]+ )*([a-z]+ )?import ([a-z]+ )?([A-Za-z0-9_]+)/)
        else { return nil }
        return String(match.4)
    }

    @Test(arguments: [
        ("import Foundation", "Foundation"), ("package import HDF5", "HDF5"),
        ("@preconcurrency import CZeroMQ", "CZeroMQ"), ("public import struct Storage.SampleSet", "Storage"),
    ])
    func findsTheModule(line: String, expected: String) {
        #expect(Self.module(in: line) == expected)
        #expect(Self.module(in: "// " + line) == nil)
    }

    @Test func everyRoomIsInTheTable() {
        let swift = Set(SourceTree.sources.map(\.room))
        #expect(!swift.isEmpty)
        #expect(swift.subtracting(RoomTable.imports.keys).sorted() == [])
        let known = Set(RoomTable.imports.keys).union(RoomTable.importersOfC.keys)
        #expect(Set(SourceTree.rooms) == known)
    }

    @Test(arguments: RoomTable.imports.keys.sorted()) func importsOnlyWhatTheTableAllows(room: String) {
        let allowed = (RoomTable.imports[room] ?? []).union(RoomTable.system)
        for file in SourceTree.sources where file.room == room {
            for (number, line) in file.lines.enumerated() {
                guard let module = Self.module(in: line) else { continue }
                #expect(allowed.contains(module), "\(file.place(number)) imports \(module)")
            }
        }
    }

    @Test(arguments: RoomTable.importersOfC.keys.sorted()) func cModulesAreImportedByTheirFaceOnly(
        module: String
    ) {
        let importers = Set(
            SourceTree.sources.filter { file in file.lines.contains { Self.module(in: $0) == module } }.map(
                \.room))
        #expect(importers == RoomTable.importersOfC[module])
    }

    @Test func roomsFormNoCircle() {
        var done: Set<String> = []
        var rest = RoomTable.imports.mapValues { $0.intersection(RoomTable.imports.keys) }
        while let next = rest.first(where: { $0.value.subtracting(done).isEmpty })?.key {
            done.insert(next)
            rest[next] = nil
        }
        #expect(rest.keys.sorted() == [])
    }
}

import Foundation
import HDF5
import TestSupport
import Testing

@Suite(.enabled(if: References.available)) struct HDF5ReferenceTests {
    /// Every HDF5 file below the reference folders.
    static let files: [URL] = References.references.flatMap { base -> [URL] in
        let all = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
        return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "h5" }.sorted {
            $0.path < $1.path
        }
    }

    @Test func readsEveryDatasetAndAttributeOfEveryFile() throws {
        #expect(!Self.files.isEmpty)
        var (values, texts, attributes) = (0, 0, 0)
        for url in Self.files {
            let file = try HDF5File.open(url.path)
            for dataset in try file.datasets() {
                let info = try file.info(of: dataset)
                switch info.type {
                case .text:
                    let read = try file.readText(dataset)
                    #expect(read.count == info.count)
                    texts += read.count
                case .float, .integer:
                    let read = try file.read(dataset, as: Double.self)
                    #expect(read.count == info.count)
                    values += read.count
                case .other: Issue.record("\(url.lastPathComponent) \(dataset): unsupported type")
                }
                for name in try file.attributeNames(of: dataset) {
                    _ = try #require(try file.attribute(name, of: dataset))
                    attributes += 1
                }
            }
            for name in try file.attributeNames() where try file.attribute(name) != nil { attributes += 1 }
        }
        #expect(values > 0 && texts > 0 && attributes > 0)
    }

    @Test func configurationsAreJSON() throws {
        for url in Self.files {
            let file = try HDF5File.open(url.path)
            guard case .text(let config) = try file.attribute("config"), config.hasPrefix("{") else {
                continue
            }
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(config.utf8)) }
        }
    }
}

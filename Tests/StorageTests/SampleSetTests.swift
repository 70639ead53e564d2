import ClinicalData
import Foundation
import Groundwork
import HDF5
import Storage
import TestSupport
import Testing

@Suite struct SampleSetTests {
    /// One sample of a column, by the definition of the layout.
    private func values(_ column: EncodedColumn, sample: Int) -> (
        lengths: [[Int64]], values: EncodedColumn.Values
    ) {
        var range = sample..<(sample + 1)
        var lengths: [[Int64]] = []
        for offsets in column.offsets {
            lengths.append(range.map { offsets[$0 + 1] - offsets[$0] })
            range = Int(offsets[range.lowerBound])..<Int(offsets[range.upperBound])
        }
        let width = column.shape.reduce(1, *)
        let leaves = (range.lowerBound * width)..<(range.upperBound * width)
        switch column.values {
        case .int32(let list): return (lengths, .int32(Array(list[leaves])))
        case .float32(let list): return (lengths, .float32(Array(list[leaves])))
        case .text(let list): return (lengths, .text(Array(list[leaves])))
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func gathersAnySamplesInAnyOrderAcrossFiles(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: seed)
        var random = RandomStream(seed: seed, purpose: .test, layer: 1)
        let sizes = [7, 0, 1, 12]
        let stored = try cases.sampleFiles(sizes, in: folder.path)
        let set = try SampleSet(paths: stored.paths)
        #expect(set.count == 20 && set.split == stored.split)
        #expect(set.fields == ["conditions", "drugs", "vitals", "note", "mortality"])
        let owners = sizes.enumerated().flatMap { part, size in (0..<size).map { (part, $0) } }
        let chosen = (0..<50).map { _ in random.nextInt(below: 20) }
        for (index, field) in set.fields.enumerated() {
            let column = try set.column(field, samples: chosen)
            #expect(column.sampleCount == 50)
            #expect(column.processor == stored.parts[0][index].processor)
            #expect(column.shape == stored.parts[0][index].shape)
            for (place, sample) in chosen.enumerated() {
                let (part, local) = owners[sample]
                let wanted = values(stored.parts[part][index], sample: local)
                let got = values(column, sample: place)
                #expect(got.lengths == wanted.lengths && got.values == wanted.values)
            }
        }
    }

    @Test func givesWholeFilesBackAsTheyWere() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 9)
        let stored = try cases.sampleFiles([33], in: folder.path)
        let set = try SampleSet(paths: stored.paths)
        for column in stored.parts[0] {
            #expect(try set.column(column.name, samples: Array(0..<33)) == column)
        }
        #expect(try set.column("drugs", samples: []).sampleCount == 0)
    }

    @Test func staysRightWhenPagesAreGivenBack() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 10)
        let stored = try cases.sampleFiles([50, 50], in: folder.path)
        let set = try SampleSet(paths: stored.paths)
        let order = (0..<100).map { ($0 * 37) % 100 }
        let first = try set.column("conditions", samples: order)
        for _ in 0..<50 { #expect(try set.column("conditions", samples: order) == first) }
    }

    @Test func readsIdsOfARange() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 11)
        let stored = try cases.sampleFiles([5, 6, 7], in: folder.path)
        let set = try SampleSet(paths: stored.paths)
        #expect(try set.ids().patients == stored.patients)
        for range in [0..<18, 4..<6, 5..<11, 17..<18, 3..<3] {
            let ids = try set.ids(range)
            #expect(ids.patients == Array(stored.patients[range]))
            #expect(ids.visits == stored.patients[range].map { "v" + $0 })
        }
    }

    @Test func equalSamplesGiveEqualBytes() throws {
        let folders = [try TemporaryFolder(), try TemporaryFolder()]
        for folder in folders {
            var cases = StoredCases(seed: 12)
            _ = try cases.sampleFiles([40], in: folder.path)
        }
        #expect(try bytes(folders[0].file("part-0.h5")) == bytes(folders[1].file("part-0.h5")))
    }

    @Test func refusesAnUnknownField() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 13)
        let set = try SampleSet(paths: try cases.sampleFiles([3], in: folder.path).paths)
        let error = #expect(throws: StorageError.self) { try set.column("weight", samples: [0]) }
        #expect(error?.code == "storage.inconsistent")
    }

    @Test func refusesFilesWithOtherFieldsOrOfAnotherKind() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 14)
        let stored = try cases.sampleFiles([3], in: folder.path)
        try SampleFile.write(
            columns: Array(stored.parts[0].prefix(1)), patientIDs: ["a", "b", "c"],
            visitIDs: ["", "", ""], split: [0, 0, 0], to: folder.file("other.h5"))
        let other = #expect(throws: StorageError.self) {
            try SampleSet(paths: stored.paths + [folder.file("other.h5")])
        }
        #expect(other?.code == "storage.inconsistent")
        try cases.checkpoint().write(to: folder.file("best.h5"))
        let kind = #expect(throws: StorageError.self) { try SampleSet(paths: [folder.file("best.h5")]) }
        #expect(kind?.code == "storage.wrong-format")
    }

    @Test func tensorsOfWholeNumbersHaveTheirShapeToo() throws {
        let path = try TemporaryFolder().file("samples.h5")
        try Files.createFolder(Files.folder(of: path))
        for values in [EncodedColumn.Values.int32([1, 2, 3, 4]), .float32([1, 2, 3, 4])] {
            let column = EncodedColumn(
                name: "v", processor: "tensor", offsets: [], shape: [2], values: values, sampleCount: 2)
            try? FileManager.default.removeItem(atPath: path)
            try SampleFile.write(
                columns: [column], patientIDs: ["a", "b"], visitIDs: ["", ""], split: [0, 1], to: path)
            #expect(try HDF5File.open(path).info(of: "v/values").shape == [2, 2])
            #expect(try SampleSet(paths: [path]).column("v", samples: [1]).shape == [2])
        }
    }

    @Test func refusesOffsetsThatFallOrReachTooFar() throws {
        let folder = try TemporaryFolder()
        for (name, offsets) in [("falls", [0, 3, 2]), ("too far", [0, 2, 9]), ("short", [0, 3])] {
            let column = EncodedColumn(
                name: "drugs", processor: "sequence", offsets: [offsets.map { Int64($0) }], shape: [],
                values: .int32([1, 2, 3]), sampleCount: 2)
            try SampleFile.write(
                columns: [column], patientIDs: ["a", "b"], visitIDs: ["", ""], split: [0, 1],
                to: folder.file(name))
            let error = #expect(throws: StorageError.self) { try SampleSet(paths: [folder.file(name)]) }
            #expect(error?.code == "storage.inconsistent", "\(name)")
        }
    }
}

import ClinicalData
import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Datasets

/// Intermediate files of the shuffle: damaged ones are told as such, and nothing of them stays.
@Suite struct ShuffleFileTests {
    @Test func everyFlippedBitOfTheFooterIsAnError() throws {
        let folder = try TemporaryFolder("shuffle")
        let path = folder.file("0.shuffle")
        let writer = try ShuffleFileWriter(path: path, rangeCount: 3, attributes: 2)
        try writer.finish()
        let reader = ShuffleFileReader(path: path)
        #expect(try reader.segments(of: 0).isEmpty)
        let whole = try Files.contents(of: path)
        for bit in 0..<(8 * whole.count) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try bytes.write(to: URL(fileURLWithPath: path))
            // Of an empty file the numbers of ranges and attributes say nothing.
            guard bit >= 64, !(8 * (whole.count - 12)..<8 * (whole.count - 4)).contains(bit) else { continue }
            #expect(throws: DatasetError.self, "bit \(bit)") { try reader.segments(of: 0) }
        }
        for byte in [UInt8(0), 0xFF] {
            try (whole.prefix(8) + Data(repeating: byte, count: 24)).write(to: URL(fileURLWithPath: path))
            #expect(throws: DatasetError.self) { try reader.segments(of: 0) }
        }
    }

    @Test func aWriterThatIsGivenUpAfterItsEndClosesNothingElse() throws {
        let folder = try TemporaryFolder("shuffle")
        let writer = try ShuffleFileWriter(path: folder.file("0.shuffle"), rangeCount: 1, attributes: 0)
        try writer.finish()
        // Another's file gets the number that became free.
        let other = open(folder.file("other"), O_WRONLY | O_CREAT, 0o600)
        writer.abandon()
        #expect(close(other) == 0)
        #expect(access(folder.file("0.shuffle"), F_OK) != 0)
    }

    /// Whatever ends the process: no events stay behind.
    @Test func eventsThatAreReadLocallyHaveNoFiles() throws {
        let scratch = try TemporaryFolder("scratch")
        let file = try UnnamedFile(in: scratch.path)
        try Data("events".utf8).write(to: URL(fileURLWithPath: file.path))
        #expect(try Files.contents(of: file.path) == Data("events".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
}

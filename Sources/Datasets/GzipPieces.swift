import DelimitedText
import Foundation
import Groundwork

/// Cuts a gzip file into pieces where its seek index has access points.
struct GzipPieces {
    /// The file.
    let path: String
    /// The table's position in the plan.
    let table: Int
    /// Where an earlier job may have left an index.
    let runDirectory: String?

    /// Pieces of at least `pieceBytes` bytes of text each but the last; one piece without an index.
    func pieces(isCut: Bool, pieceBytes: Int) throws -> [InspectionPlan.MapTask] {
        let size = try fileSize(path)
        let name = "\(SeekIndex.folder)/\(try SeekIndex.name(for: path))"
        guard isCut, let runDirectory, let index = SeekFile(path: "\(runDirectory)/\(name)") else {
            return [
                .init(
                    table: table, path: path, range: nil, firstLine: 2, bytes: size,
                    textBytes: try estimatedText(of: size))
            ]
        }
        let header = try RowReader.readHeader(path)
        var bounds = [Bound(point: nil, row: header.length, line: header.firstLine, byte: 0)]
        for number in 0..<index.count {
            let place = index.place(number)
            guard place.row - bounds[bounds.count - 1].row >= pieceBytes else { continue }
            bounds.append(.init(point: number, row: place.row, line: place.line, byte: place.bit / 8))
        }
        let ends = bounds.dropFirst() + [Bound(point: nil, row: index.textBytes, line: 0, byte: size)]
        return zip(bounds, ends).map { start, end in
            .init(
                table: table, path: path, range: [start.row, end.row], firstLine: start.line,
                bytes: end.byte - start.byte, textBytes: end.row - start.row,
                seek: .init(index: name, from: start.point, until: end.point))
        }
    }

    /// Where a piece begins or ends.
    private struct Bound {
        var point: Int?
        var row: Int
        var line: Int
        var byte: Int
    }

    /// The text of the whole file, from how far its beginning goes.
    private func estimatedText(of size: Int) throws -> Int {
        let source = try ByteSources.open(path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        let text = try source.read(into: buffer)
        return source.bytesRead > 0 ? Int(Double(size) / Double(source.bytesRead) * Double(text)) : 0
    }
}

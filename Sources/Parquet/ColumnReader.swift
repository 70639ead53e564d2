/// Reads the values of one column in one row group as text, page by page.
final class ColumnReader {
    private let column: ParquetColumn
    private let form: TextForm
    private let pages: PageStream
    private let arena = TextArena()
    private var rowsLeft: Int
    private var dictionary: TextDictionary?
    private var values = PageValues.none
    private var levels: HybridDecoder?
    /// Rows of the current page that were not handed out.
    private(set) var pageRows = 0
    private let present = UnsafeMutablePointer<UInt32>.allocate(capacity: Limits.blockRows)
    private let indices = UnsafeMutablePointer<UInt32>.allocate(capacity: Limits.blockRows)

    /// A reader of `rows` rows; throws ``Fault`` if the chunk cannot be read.
    init(
        _ column: ParquetColumn, _ chunk: ParquetFile.Chunk, rows: Int, _ file: ParquetFile,
        _ decompressor: Decompressor
    ) throws {
        guard chunk.type == column.physical.number else {
            throw Fault.damaged("a column has another type than in the schema")
        }
        self.column = column
        form = TextForm(column.kind)
        rowsLeft = rows
        pages = try PageStream(file, chunk, decompressor)
    }

    deinit {
        present.deallocate()
        indices.deallocate()
    }

    /// The file's offset of the current page, for errors.
    var pageOffset: Int { pages.pageOffset }
    /// The file's offset of the next page, for progress.
    var offset: Int { pages.offset }

    /// Goes on to a page with rows, if the current one has none left.
    func prepare() throws {
        while pageRows == 0 {
            guard let page = try pages.next() else {
                throw Fault.damaged("a column has fewer values than rows")
            }
            switch page.header.kind {
            case .dictionary(let count, let encoding): try readDictionary(page.content, count, encoding)
            case .data(let header): try begin(header, page)
            case .other: continue
            }
        }
    }

    /// The next `count` rows, at most ``pageRows``, into `output`; texts are valid until the next call.
    func read(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>) throws {
        arena.clear()
        pageRows -= count
        rowsLeft -= count
        guard levels != nil else { return try readValues(count, into: output) }
        try levels?.next(count, into: present)
        var presentCount = 0
        for row in 0..<count { presentCount += Int(present[row]) }
        // Present values first come together, then move to their rows from the end on.
        try readValues(presentCount, into: output)
        var next = presentCount
        for row in stride(from: count - 1, through: 0, by: -1) where next <= row {
            let isPresent = present[row] != 0
            if isPresent { next -= 1 }
            output[row] = isPresent ? output[next] : FieldBytes(start: nil, count: 0)
        }
    }

    private func begin(_ header: PageHeader.DataPage, _ page: PageStream.Page) throws {
        guard header.valueCount <= rowsLeft else { throw Fault.damaged("a column has more values than rows") }
        var content = page.content
        levels = nil
        if column.isOptional {
            if let stored = page.levels {
                levels = try HybridDecoder(stored, width: 1)
            } else {
                guard header.levelEncoding == PageEncoding.rle.rawValue else {
                    throw Fault.unsupported("definition levels in encoding \(header.levelEncoding)")
                }
                let length = Int(try content.word32())
                levels = try HybridDecoder(content.part(length), width: 1)
            }
        }
        let rest = ByteReader(content.base + content.position, count: content.left)
        values = try PageValues(
            rest, PageEncoding(number: header.encoding), column.physical, hasDictionary: dictionary != nil)
        pageRows = header.valueCount
    }

    private func readDictionary(_ content: ByteReader, _ count: Int, _ encoding: Int32) throws {
        guard dictionary == nil else { throw Fault.damaged("a column has two dictionaries") }
        let encoding = try PageEncoding(number: encoding)
        guard encoding == .plain || encoding == .plainDictionary else {
            throw Fault.unsupported("a dictionary in encoding \(encoding.name)")
        }
        dictionary = try TextDictionary(content, count: count, column.physical, form)
    }

    private func readValues(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>) throws {
        guard case .indices(var runs) = values else {
            return try values.read(count, as: form, into: output, arena)
        }
        values = .none
        try runs.next(count, into: indices)
        values = .indices(runs)
        guard let texts = dictionary?.texts else { return }
        try texts.withUnsafeBufferPointer { texts in
            let size = UInt32(texts.count)
            for i in 0..<count {
                guard indices[i] < size else { throw Fault.damaged("a value is not in its dictionary") }
                output[i] = texts[Int(indices[i])]
            }
        }
    }
}

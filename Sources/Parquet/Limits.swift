/// What is accepted from a file before memory is taken for it.
enum Limits {
    /// Bytes of the footer.
    static let footer = 64 << 20
    /// Bytes of a page's header; statistics in it may hold long texts.
    static let pageHeader = 4 << 20
    /// Bytes of a page, as stored and decompressed, and of the texts that its values become.
    static let page = 256 << 20
    /// Values of a dictionary.
    static let dictionary = 1 << 24
    /// Rows of a row group.
    static let rows = Int(Int32.max)
    /// Values in a block of DELTA_BINARY_PACKED.
    static let deltaBlock = 1 << 16
    /// Nesting of Thrift structures.
    static let depth = 32
    /// Rows that are handed out at once.
    static let blockRows = 4096
    /// Bytes that are read from the file at once, unless a page is larger.
    static let window = 128 << 10
}

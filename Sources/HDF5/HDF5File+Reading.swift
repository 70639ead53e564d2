import CHDF5

extension HDF5File {
    /// All values of a dataset in row-major order, converted from any stored number type.
    ///
    /// Whole numbers are never read from floating point, nor cut: what does not fit throws `wrongType`.
    package func read<Element: HDF5Element>(_ dataset: String, as _: Element.Type = Element.self) throws
        -> [Element]
    {
        try read(dataset, rows: nil)
    }

    /// The values of a range of rows (positions of the first dimension); throws `wrongShape` outside the dataset.
    package func read<Element: HDF5Element>(
        _ dataset: String, rows: Range<Int>, as _: Element.Type = Element.self
    ) throws -> [Element] {
        try read(dataset, rows: Optional(rows))
    }

    /// The only value of a dataset of one element.
    package func scalar<Element: HDF5Element>(_ dataset: String, as _: Element.Type = Element.self) throws
        -> Element
    {
        let values: [Element] = try read(dataset)
        guard values.count == 1 else {
            throw HDF5Error.wrongShape(
                path: path, object: "dataset \(dataset)", expected: "[1] or []", got: "\(values.count) values"
            )
        }
        return values[0]
    }

    /// All texts of a dataset, of fixed or variable length, in row-major order.
    package func readText(_ dataset: String) throws -> [String] {
        try withDataset(dataset) { handle in
            let info = try describe(handle, name: dataset)
            let failure = HDF5Error.corrupt(path: path, object: "dataset \(dataset)", operation: "read")
            return try withHandle(H5Dget_type(handle), H5Tclose, orThrow: failure) { type in
                try readText(
                    info, type: type, object: "dataset \(dataset)", orThrow: failure,
                    read: { H5Dread(handle, $0, 0, 0, 0, $1) }, space: { H5Dget_space(handle) })
            }
        }
    }

    /// Reads fixed or variable-length text through `read(memory type, buffer)`.
    func readText(
        _ info: HDF5Dataset, type: hid_t, object: String, orThrow failure: HDF5Error,
        read: (hid_t, UnsafeMutableRawPointer) -> herr_t, space: () -> hid_t
    ) throws -> [String] {
        guard case .text(let fixed) = info.type else {
            throw HDF5Error.wrongType(path: path, object: object, expected: "text", got: "\(info.type)")
        }
        guard info.count > 0 else { return [] }
        guard let bytes = fixed else {
            return try variableText(info.count, type: type, orThrow: failure, read: read, space: space)
        }
        var buffer = [UInt8](repeating: 0, count: info.count * bytes)
        try check(buffer.withUnsafeMutableBytes { read(type, $0.baseAddress!) }, orThrow: failure)
        let padding = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? UInt8(ascii: " ") : 0
        return (0..<info.count).map { index in
            var text = buffer[(index * bytes)..<((index + 1) * bytes)]
            if let end = text.firstIndex(of: 0) { text = text[..<end] }
            while text.last == padding { text.removeLast() }
            return String(decoding: text, as: UTF8.self)
        }
    }

    private func variableText(
        _ count: Int, type: hid_t, orThrow failure: HDF5Error,
        read: (hid_t, UnsafeMutableRawPointer) -> herr_t, space: () -> hid_t
    ) throws -> [String] {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        return try pointers.withUnsafeMutableBytes { raw in
            let base = raw.baseAddress!
            try check(read(type, base), orThrow: failure)
            let texts = raw.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map {
                $0.map { String(cString: $0) } ?? ""
            }
            try withHandle(space(), H5Sclose, orThrow: failure) { _ = H5Dvlen_reclaim(type, $0, 0, base) }
            return texts
        }
    }

    private func read<Element: HDF5Element>(_ dataset: String, rows: Range<Int>?) throws -> [Element] {
        try withDataset(dataset) { handle in
            let info = try describe(handle, name: dataset)
            switch (info.type, Element.storedType) {
            case (.float, .float), (.integer, .float): return try values(handle, info, dataset, rows)
            case (.integer(let bytes, let signed), .integer(let wantedBytes, let wantedSigned)):
                if signed == wantedSigned && bytes <= wantedBytes || !signed && bytes < wantedBytes {
                    return try values(handle, info, dataset, rows)
                }
                let wide: [Int64] = try values(handle, info, dataset, rows)
                return try wide.map {
                    guard let value = Element.exactly($0) else { throw wrong(dataset, info, Element.self) }
                    return value
                }
            default: throw wrong(dataset, info, Element.self)
            }
        }
    }

    private func wrong<Element: HDF5Element>(
        _ dataset: String, _ info: HDF5Dataset, _: Element.Type
    ) -> HDF5Error {
        .wrongType(
            path: path, object: "dataset \(dataset)", expected: "\(Element.storedType)", got: "\(info.type)")
    }

    private func values<Element: HDF5Element>(
        _ handle: hid_t, _ info: HDF5Dataset, _ dataset: String, _ rows: Range<Int>?
    ) throws -> [Element] {
        let failure = HDF5Error.corrupt(path: path, object: "dataset \(dataset)", operation: "read")
        guard let rows else {
            return try filled(info.count, orThrow: failure) {
                H5Dread(handle, Element.memoryType, 0, 0, 0, $0)
            }
        }
        guard let length = info.shape.first, rows.lowerBound >= 0, rows.upperBound <= length else {
            throw HDF5Error.wrongShape(
                path: path, object: "dataset \(dataset)", expected: "at least \(rows.upperBound) rows",
                got: "\(info.shape)")
        }
        let row = info.shape.dropFirst().reduce(1, *)
        return try withHandle(H5Dget_space(handle), H5Sclose, orThrow: failure) { space in
            var start = [hsize_t](repeating: 0, count: info.shape.count)
            var count = info.shape.map { hsize_t($0) }
            start[0] = hsize_t(rows.lowerBound)
            count[0] = hsize_t(rows.count)
            guard rows.count * row > 0 else { return [] }
            try check(
                H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, count, nil), orThrow: failure)
            return try withHandle(
                H5Screate_simple(Int32(count.count), count, nil), H5Sclose, orThrow: failure
            ) { memory in
                try filled(rows.count * row, orThrow: failure) {
                    H5Dread(handle, Element.memoryType, memory, space, 0, $0)
                }
            }
        }
    }

    /// An array of `count` elements that `fill` writes.
    func filled<Element: HDF5Element>(
        _ count: Int, orThrow failure: HDF5Error, _ fill: (UnsafeMutableRawPointer) -> herr_t
    ) throws -> [Element] {
        guard count > 0 else { return [] }
        return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            try check(fill(UnsafeMutableRawPointer(buffer.baseAddress!)), orThrow: failure)
            initialized = count
        }
    }
}

import CHDF5

extension HDF5File {
    /// Writes a dataset of numbers, row-major; `shape` defaults to one dimension, `[]` makes a single value.
    ///
    /// Layout: contiguous, little-endian, uncompressed, allocated at once, never filled.
    package func write<Element: HDF5Element>(
        _ values: [Element], shape: [Int]? = nil, to dataset: String
    ) throws {
        try values.withUnsafeBufferPointer { try write($0, shape: shape, to: dataset) }
    }

    /// Writes a dataset of numbers from memory; see ``write(_:shape:to:)``.
    package func write<Element: HDF5Element>(
        _ values: UnsafeBufferPointer<Element>, shape: [Int]? = nil, to dataset: String
    ) throws {
        let shape = shape ?? [values.count]
        precondition(
            shape.reduce(1, *) == values.count,
            "HDF5File.write: \(dataset) has \(values.count) values for shape \(shape)")
        try withNewDataset(dataset, type: Element.fileType, shape: shape) { handle, failure in
            guard let base = values.baseAddress, values.count > 0 else { return }
            try check(H5Dwrite(handle, Element.memoryType, 0, 0, 0, base), orThrow: failure)
        }
    }

    /// Writes a dataset of UTF-8 texts padded with zeros to the longest; a text must not contain U+0000.
    ///
    /// Texts of fixed length can be mapped and read by h5py and pandas with `.asstr()`. If padding would take more
    /// than 64 MiB, they are written with variable length, which those read in the same way.
    package func writeText(_ texts: [String], shape: [Int]? = nil, to dataset: String) throws {
        let longest = texts.reduce(1) { max($0, $1.utf8.count) }
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw HDF5Error.cannotWrite(
                path: path, object: "dataset \(dataset)", operation: "write a zero byte inside a text of")
        }
        if longest * texts.count > 64 << 20 {
            try writeVariableText(texts, shape: shape ?? [texts.count], to: dataset)
        } else {
            try writeFixedText(texts, bytes: longest, shape: shape ?? [texts.count], to: dataset)
        }
    }

    /// Runs `body` with a handle of UTF-8 text of `bytes` bytes, variable length if nil.
    func withTextType<R>(bytes: Int?, orThrow failure: HDF5Error, _ body: (hid_t) throws -> R) throws -> R {
        try withHandle(H5Tcopy(hdf5_c_string()), H5Tclose, orThrow: failure) { type in
            try check(H5Tset_size(type, bytes ?? hdf5_variable_length()), orThrow: failure)
            try check(H5Tset_cset(type, H5T_CSET_UTF8), orThrow: failure)
            if bytes != nil { try check(H5Tset_strpad(type, H5T_STR_NULLPAD), orThrow: failure) }
            return try body(type)
        }
    }

    private func writeFixedText(_ texts: [String], bytes: Int, shape: [Int], to dataset: String) throws {
        var buffer = [UInt8](repeating: 0, count: texts.count * bytes)
        buffer.withUnsafeMutableBytes { buffer in
            for (index, text) in texts.enumerated() {
                var copy = text
                copy.withUTF8 {
                    UnsafeMutableRawBufferPointer(rebasing: buffer[(index * bytes)...]).copyMemory(
                        from: UnsafeRawBufferPointer($0))
                }
            }
        }
        let failure = HDF5Error.cannotWrite(path: path, object: "dataset \(dataset)", operation: "write")
        try HDF5Library.locked {
            try withTextType(bytes: bytes, orThrow: failure) { type in
                try withNewDataset(dataset, type: type, shape: shape) { handle, failure in
                    guard !buffer.isEmpty else { return }
                    try check(H5Dwrite(handle, type, 0, 0, 0, buffer), orThrow: failure)
                }
            }
        }
    }

    private func writeVariableText(_ texts: [String], shape: [Int], to dataset: String) throws {
        var bytes: [UInt8] = []
        var starts: [Int] = []
        for text in texts {
            starts.append(bytes.count)
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        let failure = HDF5Error.cannotWrite(path: path, object: "dataset \(dataset)", operation: "write")
        try HDF5Library.locked {
            try withTextType(bytes: nil, orThrow: failure) { type in
                try withNewDataset(dataset, type: type, shape: shape) { handle, failure in
                    try bytes.withUnsafeBufferPointer { buffer in
                        guard let base = buffer.baseAddress else { return }
                        let pointers = starts.map { Optional(base + $0) }
                        try check(H5Dwrite(handle, type, 0, 0, 0, pointers), orThrow: failure)
                    }
                }
            }
        }
    }

    private func withNewDataset(
        _ dataset: String, type: hid_t, shape: [Int], _ body: (hid_t, HDF5Error) throws -> Void
    ) throws {
        let failure = HDF5Error.cannotWrite(path: path, object: "dataset \(dataset)", operation: "write")
        try withFile { file in
            try createGroups(dataset.split(separator: "/").dropLast(), in: file)
            let lengths = shape.map { hsize_t($0) }
            let space =
                shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), lengths, nil)
            try withHandle(space, H5Sclose, orThrow: failure) { space in
                let list = try creationList(filled: H5Tis_variable_str(type) > 0, orThrow: failure)
                try withHandle(
                    H5Dcreate2(file, dataset, type, space, 0, list, 0), H5Dclose, orThrow: failure
                ) { try body($0, failure) }
            }
        }
    }

    /// `filled`: the library insists on filling datasets of variable-length texts first.
    private func creationList(filled: Bool, orThrow failure: HDF5Error) throws -> hid_t {
        let list = filled ? HDF5Library.filledDataset : HDF5Library.plainDataset
        try check(list < 0 ? -1 : 0, orThrow: failure)
        return list
    }
}

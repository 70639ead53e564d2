import CHDF5

extension HDF5File {
    /// Whether the file has an object at this path.
    package func contains(_ object: String) -> Bool {
        withFile { exists(object, in: $0) }
    }

    /// Creates a group and the groups above it where they are missing.
    package func createGroup(_ group: String) throws {
        try withFile { file in try createGroups(group.split(separator: "/"), in: file) }
    }

    /// The names of the members of a group, by ascending bytes.
    package func members(of group: String = "/") throws -> [String] {
        try withFile { file in
            guard exists(group, in: file) else {
                throw HDF5Error.missing(path: path, object: "group \(group)")
            }
            let failure = HDF5Error.corrupt(path: path, object: "group \(group)", operation: "list")
            return try withHandle(H5Gopen2(file, group, 0), H5Gclose, orThrow: failure) { handle in
                var names: [String?] = []
                let status = withUnsafeMutablePointer(to: &names) { names in
                    hdf5_each_link(
                        handle,
                        { _, name, _, names in
                            let text = name.flatMap { String(validatingCString: $0) }
                            names?.assumingMemoryBound(to: [String?].self).pointee.append(text)
                            return 0
                        }, names)
                }
                try check(status, orThrow: failure)
                return try names.map { name in
                    guard let name else { throw failure }
                    return name
                }
            }
        }
    }

    /// The full paths of all datasets below a group, groups in ascending order of names.
    package func datasets(under group: String = "/") throws -> [String] {
        var found: [String] = []
        try collectDatasets(under: group, depth: 0, into: &found)
        return found
    }

    /// Shape, type and place of a dataset; throws ``HDF5Error``.
    package func info(of dataset: String) throws -> HDF5Dataset {
        try withDataset(dataset) { handle in try describe(handle, name: dataset, findsOffset: true) }
    }

    func exists(_ object: String, in file: hid_t) -> Bool {
        var prefix = ""
        for part in object.split(separator: "/") {
            prefix += "/" + part
            guard H5Lexists(file, prefix, 0) > 0 else { return false }
        }
        return prefix.isEmpty || H5Oexists_by_name(file, prefix, 0) > 0
    }

    /// Creates groups one by one, so that each is made without times.
    func createGroups(_ parts: [Substring], in file: hid_t) throws {
        var prefix = ""
        for part in parts {
            prefix += "/" + part
            if H5Lexists(file, prefix, 0) > 0 { continue }
            let failure = HDF5Error.cannotWrite(path: path, object: "group \(prefix)", operation: "create")
            try withHandle(H5Pcreate(hdf5_group_create_list()), H5Pclose, orThrow: failure) { list in
                try check(H5Pset_obj_track_times(list, false), orThrow: failure)
                try withHandle(H5Gcreate2(file, prefix, 0, list, 0), H5Gclose, orThrow: failure) { _ in }
            }
        }
    }

    /// Runs `body` with an open dataset; throws `missing` if there is none, `wrongType` if it is a group.
    func withDataset<R>(_ dataset: String, _ body: (hid_t) throws -> R) throws -> R {
        let failure = HDF5Error.corrupt(path: path, object: "dataset \(dataset)", operation: "open")
        return try withObject(dataset, named: "dataset \(dataset)", orThrow: failure) { handle in
            guard H5Iget_type(handle) == H5I_DATASET else {
                throw HDF5Error.wrongType(path: path, object: dataset, expected: "a dataset", got: "a group")
            }
            return try body(handle)
        }
    }

    /// Runs `body` with an open object; throws `missing` if there is none, `failure` if it cannot be opened.
    ///
    /// What is missing is looked for afterwards: looking takes longer than opening.
    func withObject<R>(
        _ object: String, named name: String, orThrow failure: HDF5Error, _ body: (hid_t) throws -> R
    ) throws -> R {
        try withFile { file in
            let handle = H5Oopen(file, object, 0)
            guard handle >= 0 || exists(object, in: file) else {
                throw HDF5Error.missing(path: path, object: name)
            }
            return try withHandle(handle, H5Oclose, orThrow: failure, body)
        }
    }

    /// `findsOffset`: the place takes as long to find as all the rest.
    func describe(_ dataset: hid_t, name: String, findsOffset: Bool = false) throws -> HDF5Dataset {
        let failure = HDF5Error.corrupt(path: path, object: "dataset \(name)", operation: "describe")
        let shape = try withHandle(H5Dget_space(dataset), H5Sclose, orThrow: failure) {
            try self.shape(ofSpace: $0, orThrow: failure)
        }
        return try withHandle(H5Dget_type(dataset), H5Tclose, orThrow: failure) { type in
            let stored = storedType(type)
            try checkSize(shape, type: type, orThrow: failure)
            return HDF5Dataset(
                shape: shape, type: stored, offset: findsOffset ? offset(of: dataset, type: type) : nil)
        }
    }

    func shape(ofSpace space: hid_t, orThrow failure: HDF5Error) throws -> [Int] {
        let rank = H5Sget_simple_extent_ndims(space)
        guard rank >= 0 else { throw failure }
        if H5Sget_simple_extent_type(space) == H5S_NULL { return [0] }
        var lengths = [hsize_t](repeating: 0, count: max(1, Int(rank)))
        guard H5Sget_simple_extent_dims(space, &lengths, nil) == rank else { throw failure }
        return try lengths.prefix(Int(rank)).map {
            guard let length = Int(exactly: $0) else { throw failure }
            return length
        }
    }

    func storedType(_ type: hid_t) -> HDF5Type {
        let bytes = H5Tget_size(type)
        switch H5Tget_class(type) {
        case H5T_FLOAT: return .float(bytes: bytes)
        case H5T_INTEGER, H5T_ENUM:
            return .integer(bytes: bytes, signed: H5Tget_sign(type) != H5T_SGN_NONE)
        case H5T_STRING: return .text(bytes: H5Tis_variable_str(type) > 0 ? nil : bytes)
        default: return .other
        }
    }

    /// Calls an HDF5 function that fills a text buffer, first for the length, then for the text.
    func text(
        orThrow failure: HDF5Error, _ fill: (UnsafeMutablePointer<CChar>?, Int) -> Int
    ) throws -> String {
        let length = fill(nil, 0)
        guard length >= 0, length < 1 << 20 else { throw failure }
        var buffer = [CChar](repeating: 0, count: length + 1)
        guard fill(&buffer, length + 1) >= 0 else { throw failure }
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func collectDatasets(under group: String, depth: Int, into found: inout [String]) throws {
        // A damaged file can link a group into itself.
        guard depth < 64 else {
            throw HDF5Error.corrupt(path: path, object: "group \(group)", operation: "list")
        }
        for name in try members(of: group) {
            let child = group == "/" ? "/\(name)" : "\(group)/\(name)"
            let kind = try withFile { file in
                let failure = HDF5Error.corrupt(path: path, object: child, operation: "open")
                return try withHandle(H5Oopen(file, child, 0), H5Oclose, orThrow: failure, H5Iget_type)
            }
            if kind == H5I_DATASET { found.append(child) }
            if kind == H5I_GROUP { try collectDatasets(under: child, depth: depth + 1, into: &found) }
        }
    }

    /// Refuses a shape that the file cannot hold, before anything of that size is allocated.
    private func checkSize(_ shape: [Int], type: hid_t, orThrow failure: HDF5Error) throws {
        var bytes = H5Tget_size(type)
        guard bytes > 0 else { throw failure }
        for length in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: max(1, length))
            guard !overflow else { throw failure }
            bytes = product
        }
        // Deflate, the strongest filter in use, shrinks at most 1032 times.
        var size: hsize_t = 0
        guard withFile({ H5Fget_filesize($0, &size) }) >= 0, bytes / 1032 <= Int(clamping: size) + 1 << 10
        else { throw failure }
    }

    private func offset(of dataset: hid_t, type: hid_t) -> Int? {
        let address = H5Dget_offset(dataset)
        guard address != hdf5_no_address(), let offset = Int(exactly: address) else { return nil }
        let ordered = [H5T_ORDER_LE, H5T_ORDER_NONE].contains(H5Tget_order(type))
        guard ordered, H5Tis_variable_str(type) <= 0 else { return nil }
        let list = H5Dget_create_plist(dataset)
        guard list >= 0 else { return nil }
        defer { H5Pclose(list) }
        return H5Pget_layout(list) == H5D_CONTIGUOUS && H5Pget_nfilters(list) == 0 ? offset : nil
    }
}

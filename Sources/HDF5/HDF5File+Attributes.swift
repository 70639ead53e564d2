import CHDF5

/// The value of an attribute.
package enum HDF5Attribute: Equatable, Sendable {
    /// UTF-8 text, also JSON.
    case text(String)
    /// A whole number.
    case integer(Int64)
    /// A number in double precision.
    case number(Double)
}

extension HDF5File {
    /// Adds an attribute to a dataset or group (by default the root group).
    package func setAttribute(_ name: String, _ value: HDF5Attribute, of object: String = "/") throws {
        switch value {
        case .text(let text): try setText(name, text, of: object)
        case .integer(let value): try setNumber(name, value, of: object)
        case .number(let value): try setNumber(name, value, of: object)
        }
    }

    /// The names of an object's attributes, by ascending bytes.
    package func attributeNames(of object: String = "/") throws -> [String] {
        let failure = HDF5Error.corrupt(path: path, object: object, operation: "list attributes of")
        return try withObject(object, named: object, orThrow: failure) { handle in
            var info = H5O_info_t()
            try check(H5Oget_info2(handle, &info, UInt32(H5O_INFO_NUM_ATTRS)), orThrow: failure)
            return try (0..<info.num_attrs).map { position in
                try text(orThrow: failure) {
                    H5Aget_name_by_idx(handle, ".", H5_INDEX_NAME, H5_ITER_INC, position, $0, $1, 0)
                }
            }
        }
    }

    /// An attribute of one element, nil if the object has none of this name.
    ///
    /// Throws ``HDF5Error``: `missing` (no such object), `wrongType`, `wrongShape` (more than one element), `corrupt`.
    package func attribute(_ name: String, of object: String = "/") throws -> HDF5Attribute? {
        let failure = HDF5Error.corrupt(
            path: path, object: "attribute \(name) of \(object)", operation: "read")
        return try withObject(object, named: object, orThrow: failure) { handle in
            guard H5Aexists(handle, name) > 0 else { return nil }
            return try withHandle(H5Aopen(handle, name, 0), H5Aclose, orThrow: failure) { attribute in
                try withHandle(H5Aget_type(attribute), H5Tclose, orThrow: failure) { type in
                    try value(attribute, type: type, name: "attribute \(name) of \(object)", orThrow: failure)
                }
            }
        }
    }

    /// A text attribute; throws `missing` or `wrongType`.
    package func textAttribute(_ name: String, of object: String = "/") throws -> String {
        switch try attribute(name, of: object) {
        case .text(let text): return text
        case .integer: throw wrongAttribute(name, object, expected: "text", got: "a whole number")
        case .number: throw wrongAttribute(name, object, expected: "text", got: "a number")
        case nil: throw HDF5Error.missing(path: path, object: "attribute \(name) of \(object)")
        }
    }

    /// A whole-number attribute; throws `missing` or `wrongType`.
    package func integerAttribute(_ name: String, of object: String = "/") throws -> Int64 {
        switch try attribute(name, of: object) {
        case .integer(let value): return value
        case .text: throw wrongAttribute(name, object, expected: "a whole number", got: "text")
        case .number: throw wrongAttribute(name, object, expected: "a whole number", got: "a number")
        case nil: throw HDF5Error.missing(path: path, object: "attribute \(name) of \(object)")
        }
    }

    /// A numeric attribute; throws `missing` or `wrongType`.
    package func numberAttribute(_ name: String, of object: String = "/") throws -> Double {
        switch try attribute(name, of: object) {
        case .number(let value): return value
        case .integer(let value): return Double(value)
        case .text: throw wrongAttribute(name, object, expected: "a number", got: "text")
        case nil: throw HDF5Error.missing(path: path, object: "attribute \(name) of \(object)")
        }
    }

    private func wrongAttribute(
        _ name: String, _ object: String, expected: String, got: String
    ) -> HDF5Error {
        .wrongType(path: path, object: "attribute \(name) of \(object)", expected: expected, got: got)
    }

    private func value(
        _ attribute: hid_t, type: hid_t, name: String, orThrow failure: HDF5Error
    ) throws -> HDF5Attribute {
        let shape = try withHandle(H5Aget_space(attribute), H5Sclose, orThrow: failure) {
            try self.shape(ofSpace: $0, orThrow: failure)
        }
        guard shape.allSatisfy({ $0 == 1 }) else {
            throw HDF5Error.wrongShape(path: path, object: name, expected: "[]", got: "\(shape)")
        }
        let info = HDF5Dataset(shape: shape, type: storedType(type), offset: nil)
        switch info.type {
        case .text:
            let texts = try readText(
                info, type: type, object: name, orThrow: failure, read: { H5Aread(attribute, $0, $1) },
                space: { H5Aget_space(attribute) })
            return .text(texts[0])
        case .integer:
            let values: [Int64] = try filled(1, orThrow: failure) { H5Aread(attribute, Int64.memoryType, $0) }
            return .integer(values[0])
        case .float:
            let values: [Double] = try filled(1, orThrow: failure) {
                H5Aread(attribute, Double.memoryType, $0)
            }
            return .number(values[0])
        case .other:
            throw HDF5Error.wrongType(
                path: path, object: name, expected: "text or a number", got: "\(info.type)")
        }
    }

    private func setNumber<Element: HDF5Element>(_ name: String, _ value: Element, of object: String) throws {
        try withNewAttribute(name, type: Element.fileType, of: object) { attribute, failure in
            try check(
                withUnsafeBytes(of: value) { H5Awrite(attribute, Element.memoryType, $0.baseAddress) },
                orThrow: failure)
        }
    }

    private func setText(_ name: String, _ text: String, of object: String) throws {
        let failure = HDF5Error.cannotWrite(
            path: path, object: "attribute \(name) of \(object)", operation: "write")
        var bytes = Array(text.utf8)
        guard !bytes.contains(0) else { throw failure }
        if bytes.isEmpty { bytes = [0] }
        try HDF5Library.locked {
            try withTextType(bytes: bytes.count, orThrow: failure) { type in
                try withNewAttribute(name, type: type, of: object) { attribute, failure in
                    try check(H5Awrite(attribute, type, bytes), orThrow: failure)
                }
            }
        }
    }

    private func withNewAttribute(
        _ name: String, type: hid_t, of object: String, _ body: (hid_t, HDF5Error) throws -> Void
    ) throws {
        let failure = HDF5Error.cannotWrite(
            path: path, object: "attribute \(name) of \(object)", operation: "write")
        try withObject(object, named: object, orThrow: failure) { handle in
            try withHandle(H5Screate(H5S_SCALAR), H5Sclose, orThrow: failure) { space in
                try withHandle(
                    H5Acreate2(handle, name, type, space, 0, 0), H5Aclose, orThrow: failure
                ) { try body($0, failure) }
            }
        }
    }
}

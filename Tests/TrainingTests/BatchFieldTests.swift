import Batching
import ClinicalData
import Processors
import Tensors
import Testing

/// Encoded columns become fields of batches without padding, and what does not fit the schema is refused.
@Suite struct BatchFieldTests {
    private func column(
        _ values: EncodedColumn.Values, _ offsets: [[Int64]] = [], shape: [Int] = [],
        processor: String = "sequence", count: Int
    ) -> EncodedColumn {
        EncodedColumn(
            name: "field", processor: processor, offsets: offsets, shape: shape, values: values,
            sampleCount: count)
    }

    @Test func aSampleWithoutCodesHasOneStepOfPadding() throws {
        let codes = column(.int32([4, 5, 6]), [[0, 2, 2, 3]], count: 3)
        #expect(
            try BatchField(codes, size: 7) == .codes([4, 5, 0, 6], Segments(lengths: [2, 1, 1])))
        let full = column(.int32([4, 5, 6]), [[0, 2, 3]], count: 2)
        #expect(try BatchField(full, size: 7) == .codes([4, 5, 6], Segments(lengths: [2, 1])))
    }

    @Test func emptyVisitsAtTheEndVanishAndThoseBetweenStay() throws {
        // Visits: [4], [], [5, 6], [] | [] | [] without visit
        let nested = column(
            .int32([4, 5, 6]), [[0, 4, 5, 5], [0, 1, 1, 3, 3, 3]], processor: "nested_sequence", count: 3)
        #expect(
            try BatchField(nested, size: 7)
                == .nestedCodes(
                    [4, 5, 6], codes: Segments(lengths: [1, 0, 2, 0, 0]),
                    visits: Segments(lengths: [3, 1, 1])))
    }

    @Test func numbersAreVectorsOrRows() throws {
        let vector = column(.float32([1, 2, 3, 4]), shape: [2], processor: "tensor", count: 2)
        #expect(try BatchField(vector, size: 2) == .dense([1, 2, 3, 4], width: 2))
        let matrix = column(.float32([1, 2, 3, 4]), shape: [2, 2], processor: "tensor", count: 1)
        #expect(try BatchField(matrix, size: 2) == .series([1, 2, 3, 4], width: 2, Segments(lengths: [2])))
        let steps = column(
            .float32([1, 2, 3, 4]), [[0, 1, 1, 2]], shape: [2], processor: "timeseries", count: 3)
        #expect(
            try BatchField(steps, size: 2)
                == .series([1, 2, 0, 0, 3, 4], width: 2, Segments(lengths: [1, 1, 1])))
        let whole = column(.int32([1, -2, 3, 4]), shape: [2], processor: "tensor", count: 2)
        #expect(try BatchField(whole, size: 2) == .dense([1, -2, 3, 4], width: 2))
        let hot = column(.int32([0, 2]), [[0, 2, 2]], processor: "multi_hot", count: 2)
        #expect(try BatchField(hot, size: 3) == .dense([1, 0, 1, 0, 0, 0], width: 3))
    }

    @Test func labelsAreTargetsOrClasses() throws {
        let binary = column(.float32([0, 1]), shape: [1], processor: "binary", count: 2)
        #expect(try BatchLabels(binary, size: 1) == .values([0, 1], width: 1))
        let classes = column(.int32([2, 0]), processor: "multiclass", count: 2)
        #expect(try BatchLabels(classes, size: 3) == .classes([2, 0]))
        let sets = column(.int32([1]), [[0, 1, 1]], processor: "multilabel", count: 2)
        #expect(try BatchLabels(sets, size: 2) == .values([0, 1, 0, 0], width: 2))
    }

    @Test(arguments: [-1, 7, Int32.max, Int32.min])
    func indicesOutsideTheVocabularyAreRefused(index: Int32) {
        let error = BatchingError.indexOutside(name: "field", size: 7, place: 0, count: 1)
        let codes = column(.int32([index]), [[0, 1]], count: 1)
        #expect(throws: error) { try BatchField(codes, size: 7) }
        let visits = column(.int32([index]), [[0, 1], [0, 1]], processor: "nested_sequence", count: 1)
        #expect(throws: error) { try BatchField(visits, size: 7) }
        let hot = column(.int32([index]), [[0, 1]], processor: "multi_hot", count: 1)
        #expect(throws: error) { try BatchField(hot, size: 7) }
        let label = column(.int32([index]), processor: "multiclass", count: 1)
        #expect(throws: error) { try BatchLabels(label, size: 7) }
    }

    @Test func anIndexOutsideIsToldByFieldAndPlaceButNotByItsValue() {
        let codes = column(.int32([1, 3, 987, 2]), [[0, 2, 4]], count: 2)
        let error = #expect(throws: BatchingError.self) { try BatchField(codes, size: 7) }
        #expect(error?.code == "batching.index-outside" && error?.exitStatus == .data)
        let message = error?.message ?? ""
        #expect(message.contains("\"field\"") && message.contains("place 2 of the batch's 4"), "\(message)")
        #expect(!message.contains("987"))
    }

    @Test func otherWidthsAndTextsAreRefused() {
        let vector = column(.float32([1, 2]), shape: [2], processor: "tensor", count: 1)
        let width = BatchingError.fieldDiffers(name: "field", expected: "3 columns")
        #expect(throws: width) { try BatchField(vector, size: 3) }
        #expect(throws: width) { try BatchLabels(vector, size: 3) }
        let note = column(.text(["a"]), processor: "text", count: 1)
        let unsupported = BatchingError.unsupportedField(name: "field", processor: "text")
        #expect(throws: unsupported) { try BatchField(note, size: 1) }
        #expect(throws: unsupported) { try BatchLabels(note, size: 1) }
    }
}

/// What a model has to know is read off the fitted processors.
@Suite struct ModelSchemaTests {
    private func processors(_ inputs: [(String, String)], _ output: (String, String)) throws
        -> FittedProcessors
    {
        try FittedProcessors(
            inputs: inputs.map { FieldSchema($0.0, $0.1) }, outputs: [FieldSchema(output.0, output.1)])
    }

    @Test func textsAreLeftOut() throws {
        let schema = try ModelSchema(
            processors([("note", "text"), ("codes", "sequence")], ("label", "binary")))
        #expect(schema.features == [.init("codes", .codes(vocabulary: 2))])
        #expect(schema.label == "label" && schema.mode == .binary && schema.outputSize == 1)
    }

    /// Its rows are steps, as a batch has them.
    @Test func aTensorOfTwoAxesIsASeries() throws {
        let rows = FieldColumn(
            name: "scan", offsets: [[0, 2, 4], [0, 3, 6, 9, 12]],
            leaves: .numbers([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]))
        let samples = SampleColumns(
            patientIDs: ["p", "q"], visitIDs: ["p", "q"],
            fields: [rows, FieldColumn(name: "label", offsets: [], leaves: .integers([0, 1]))])
        var fitted = try processors([("scan", "tensor")], ("label", "binary"))
        try fitted.fit(samples, selecting: nil)
        try fitted.finishFit()
        let schema = try ModelSchema(fitted)
        #expect(schema.features == [.init("scan", .series(width: 3))])
        let scan = try #require(try fitted.encode(samples, rows: 0..<2).first { $0.name == "scan" })
        #expect(
            try BatchField(scan, size: 3)
                == .series([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6], width: 3, Segments(lengths: [2, 2])))
    }

    @Test func whatNoModelCanTakeIsRefused() throws {
        #expect(throws: BatchingError.noInputs) {
            try ModelSchema(processors([("note", "text")], ("label", "binary")))
        }
        #expect(throws: BatchingError.emptyField(name: "kinds")) {
            try ModelSchema(processors([("kinds", "multi_hot")], ("label", "binary")))
        }
        #expect(throws: BatchingError.noLabel(name: "label", processor: "text")) {
            try ModelSchema(processors([("codes", "sequence")], ("label", "text")))
        }
        #expect(throws: BatchingError.tooFewClasses(label: "label", classes: 0)) {
            try ModelSchema(processors([("codes", "sequence")], ("label", "multiclass")))
        }
    }
}

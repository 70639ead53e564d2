import ClinicalData
import Tasks
import Testing

@Suite struct SampleColumnsBuilderTests {
    private let symbols = SymbolTable()

    private func column(_ values: [FieldValue]) throws -> FieldColumn {
        var builder = SampleColumnsBuilder(fields: ["f"], symbols: symbols)
        let patient = symbols.intern("1")
        for value in values {
            try builder.append(Sample(patientID: patient, visitID: nil, values: [value]))
        }
        return try #require(builder.finish().fields.first)
    }

    @Test func numbersTextsInOrderOfFirstAppearanceInTheColumn() throws {
        let (a, b, c) = (symbols.intern("a"), symbols.intern("b"), symbols.intern("c"))
        let found = try column([.codes([c, nil, a]), .codes([]), .codes([a, b, c])])
        #expect(found.offsets == [[0, 3, 3, 6]])
        #expect(found.leaves == .symbols([0, .max, 1, 1, 2, 0], dictionary: ["c", "a", "b"]))
    }

    @Test func nestsVisitsAndTakesANullForNoVisit() throws {
        let a = symbols.intern("a")
        let found = try column([
            .null, .nestedCodes([[a], []]), .nestedCodes([]), .null, .nestedCodes([[a]]),
        ])
        #expect(found.offsets == [[0, 0, 2, 2, 2, 3], [0, 1, 1, 2]])
        #expect(found.sampleCount == 5)
    }

    @Test func tellsMissingNumbersFromOtherNaNs() throws {
        let found = try column([.null, .number(.nan), .number(2)])
        guard case .numbers(let values) = found.leaves else {
            Issue.record("expected numbers")
            return
        }
        #expect(values.map { FieldColumn.isMissing($0) } == [true, false, false])
        #expect(try column([.integer(3), .null]).leaves == .integers([3, FieldColumn.missingInteger]))
    }

    @Test func keepsAColumnOfNullsAsLongAsItsSamples() throws {
        #expect(try column([.null, .null]).sampleCount == 2)
        #expect(try column([]).sampleCount == 0)
    }

    @Test func refusesTwoKindsOfValuesInOneField() {
        let error = #expect(throws: TaskError.self) { try column([.integer(1), .number(1)]) }
        #expect(error?.code == "task.mixed-kinds")
        #expect(throws: TaskError.mixedKinds(field: "f")) { try column([.codes([]), .nestedCodes([])]) }
    }

    @Test func refusesANullInPlaceOfAList() {
        #expect(throws: TaskError.missingList(field: "f")) { try column([.codes([]), .null]) }
        #expect(throws: TaskError.missingList(field: "f")) { try column([.null, .numbers([])]) }
    }

    @Test func refusesASampleWithAWrongNumberOfValues() {
        var builder = SampleColumnsBuilder(fields: ["f", "g"], symbols: symbols)
        let sample = Sample(patientID: symbols.intern("1"), visitID: nil, values: [.integer(1)])
        let error = #expect(throws: TaskError.self) { try builder.append(sample) }
        #expect(error?.code == "task.wrong-field-count")
    }
}

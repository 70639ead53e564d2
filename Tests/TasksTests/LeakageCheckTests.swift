import ClinicalData
import Groundwork
import Tasks
import Testing

/// Planted leaks are found, honest samples are not accused, and no message holds a code.
@Suite struct LeakageCheckTests {
    private struct Planted {
        var patient: String
        var codes: [String]
        var label: Int
        var part: Int32
    }

    private let inputs = [FieldSchema("conditions", "sequence")]

    /// 200 patients, two in five with label 1, with three codes at random that do not depend on the label.
    private func honest(seed: UInt64) -> [Planted] {
        var stream = RandomStream(seed: seed, purpose: .test)
        return (0..<200).map { patient in
            Planted(
                patient: "p\(patient)", codes: (0..<3).map { _ in "c\(stream.nextInt(below: 12))" },
                label: patient % 5 < 2 ? 1 : 0, part: Int32(patient % 3))
        }
    }

    private func findings(_ samples: [Planted], cut: Int = 50, lateInputs: Int = 0) throws -> [LeakageFinding]
    {
        let outputs = [FieldSchema("mortality", "binary")]
        var check = LeakageCheck(inputs: inputs, outputs: outputs)
        for start in stride(from: 0, to: samples.count, by: cut) {
            let symbols = SymbolTable()
            var builder = SampleColumnsBuilder(fields: ["conditions", "mortality"], symbols: symbols)
            let part = samples[start..<min(samples.count, start + cut)]
            for one in part {
                try builder.append(
                    Sample(
                        patientID: symbols.intern(one.patient), visitID: nil,
                        values: [.codes(one.codes.map { symbols.intern($0) }), .integer(one.label)]))
            }
            check.add(builder.finish(), parts: part.map(\.part))
        }
        return check.findings(lateInputs: lateInputs)
    }

    @Test(arguments: 1...20) func honestSamplesAreNotAccused(seed: UInt64) throws {
        #expect(try findings(honest(seed: seed)).isEmpty, "seed \(seed)")
    }

    @Test(arguments: [1, 7, 200]) func aPatientInTwoPartsIsFound(cut: Int) throws {
        var samples = honest(seed: 1)
        samples[10].patient = samples[9].patient
        samples[10].part = samples[9].part + 1
        #expect(try findings(samples, cut: cut).map(\.code) == ["leakage.patient-in-two-parts"])
    }

    @Test(arguments: [0, 1]) func aCodeThatIsTheLabelIsFoundAndNotNamed(label: Int) throws {
        var samples = honest(seed: 2)
        for i in samples.indices where samples[i].label == label {
            samples[i].codes[0] = "E1010secret"
        }
        let found = try findings(samples)
        #expect(found.map(\.code) == ["leakage.label-among-inputs"])
        #expect(found[0].message.contains("conditions") && !found[0].message.contains("E1010secret"))
    }

    @Test func aWindowThatEndsWithTheOutcomeIsFound() throws {
        var samples = honest(seed: 3)
        for i in samples.indices where samples[i].label == 1 { samples[i].codes += ["c1", "c2"] }
        #expect(try findings(samples).map(\.code) == ["leakage.window-depends-on-label"])
    }

    /// Fields without lists have no window.
    @Test func aFieldOfOneValueIsNoWindow() throws {
        let symbols = SymbolTable()
        var check = LeakageCheck(
            inputs: [FieldSchema("age", "tensor")], outputs: [FieldSchema("mortality", "binary")])
        var builder = SampleColumnsBuilder(fields: ["age", "mortality"], symbols: symbols)
        for number in 0..<100 {
            try builder.append(
                Sample(
                    patientID: symbols.intern("p\(number)"), visitID: nil,
                    values: [.number(Double(number % 7)), .integer(number % 2)]))
        }
        check.add(builder.finish(), parts: Array(repeating: 0, count: 100))
        #expect(check.findings().isEmpty)
    }

    @Test func lateInputsAreTold() throws {
        for (late, told) in [
            (3, "some samples"), (30, "30 of 200 samples"), (195, "some samples"), (200, "all samples"),
        ] {
            let found = try findings(honest(seed: 4), lateInputs: late)
            #expect(found.map(\.code) == ["leakage.input-after-prediction"])
            #expect(found.first?.message.hasPrefix(told) == true)
        }
        var (attrition, other) = (Attrition(rules: []), Attrition(rules: []))
        attrition.count(lateInputs: 1)
        other.count(lateInputs: 2)
        attrition.merge(other)
        #expect(attrition.lateInputs == 3)
    }

    @Test func labelsAmongTheInputsOfASetOfLabelsAreFound() throws {
        let outputs = [FieldSchema("drugs", "multilabel")]
        for isPlanted in [false, true] {
            var check = LeakageCheck(inputs: inputs, outputs: outputs)
            let symbols = SymbolTable()
            var builder = SampleColumnsBuilder(fields: ["conditions", "drugs"], symbols: symbols)
            for i in 0..<100 {
                let drugs = [symbols.intern("d\(i % 7)"), symbols.intern("d\(i % 5)")]
                let conditions = [symbols.intern("c\(i % 3)")] + (isPlanted ? drugs : [])
                try builder.append(
                    Sample(
                        patientID: symbols.intern("p\(i)"), visitID: nil,
                        values: [.codes(conditions), .codes(drugs)]))
            }
            check.add(builder.finish(), parts: Array(repeating: 0, count: 100))
            #expect(
                check.findings().map(\.code) == (isPlanted ? ["leakage.label-among-inputs"] : []))
        }
    }

    @Test(arguments: ["multiclass", "binary"]) func aCodeThatTellsOneClassIsFoundWhateverItsForm(mode: String)
        throws
    {
        for isPlanted in [false, true] {
            var check = LeakageCheck(inputs: inputs, outputs: [FieldSchema("label", mode)])
            let symbols = SymbolTable()
            let classes = mode == "binary" ? ["False", "True"] : ["a", "b", "c"]
            var stream = RandomStream(seed: 7, purpose: .test)
            for start in [0, 100] {
                var builder = SampleColumnsBuilder(fields: ["conditions", "label"], symbols: symbols)
                for i in start..<(start + 100) {
                    let own = classes[i % classes.count]
                    let leak = isPlanted && i % classes.count == 1 ? [symbols.intern("secret")] : []
                    try builder.append(
                        Sample(
                            patientID: symbols.intern("p\(i)"), visitID: nil,
                            values: [
                                .codes([symbols.intern("c\(stream.nextInt(below: 9))")] + leak),
                                .text(symbols.intern(own)),
                            ]))
                }
                check.add(builder.finish(), parts: Array(repeating: 0, count: 100))
            }
            let found = check.findings().map(\.code)
            #expect(found.contains("leakage.label-among-inputs") == isPlanted, "\(found)")
        }
    }
}

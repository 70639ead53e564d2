import ClinicalData
import Groundwork
import Testing

@testable import Tasks

/// Tasks over data sets of one row or a few per patient.
@Suite struct TableTaskTests {
    @Test func writesNumbersInTheirShortestFormAndLeavesOutWhatIsNone() throws {
        var events = HandMadeEvents()
        events.add(
            "support2", "1",
            [
                "age": "62.84998", "edu": "11", "sex": "male", "race": "none", "income": "under $11k",
                "dzgroup": "MOSF w/Malig", "meanbp": " 2.50E-01 ", "hrt": "fast", "resp": "nan",
                "temp": "0x10",
                "pafi": "1e400", "wblc": "-0.0", "ca": "no", "surv2m": "1.5", "surv6m": "0.25",
            ])
        let sample = try #require(try events.extraction(SurvivalPreprocessSupport2()).samples.first)
        #expect(
            sample.codes["demographics"] == ["age_62.84998", "edu_11.0", "sex_male", "income_under $11k"])
        #expect(sample.codes["disease_codes"] == ["dzgroup_MOSF w/Malig"])
        #expect(sample.codes["vitals"] == ["meanbp_0.25"])
        #expect(sample.codes["labs"] == ["wblc_-0.0"])
        #expect(sample.codes["scores"] == [])
        #expect(sample.codes["comorbidities"] == ["ca_no"])
        #expect(sample.values["survival_probability"] == .number(1))
        let later = try makeTask("{name: SurvivalPreprocessSupport2, time_horizon: 6m}")
        #expect(try events.extraction(later).samples.first?.values["survival_probability"] == .number(0.25))
    }

    @Test func givesNoSampleWithoutASurvivalEstimate() throws {
        var events = HandMadeEvents()
        events.add("support2", "1", ["age": "50"])
        events.add("support2", "2", ["age": "50", "surv2m": "unknown"])
        events.add("support2", "3", ["age": "50", "surv2m": "-1"])
        let found = try events.extraction(SurvivalPreprocessSupport2())
        #expect(found.samples.map { $0.values["survival_probability"] } == [.number(0)])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 2, 0])
        #expect(found.attrition.labels.isEmpty)
    }

    @Test func refusesAnUnknownTimeHorizon() {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("{name: SurvivalPreprocessSupport2, time_horizon: 1y}")
        }
        #expect(error?.code == "config.unknown-value")
    }

    @Test func needsTextAndSpecialtyOfATranscription() throws {
        var events = HandMadeEvents()
        events.add("mtsamples", "0", ["transcription": "a", "medical_specialty": " Surgery"])
        events.add("mtsamples", "1", ["transcription": "b"])
        events.add("mtsamples", "2", ["medical_specialty": " Surgery"])
        let found = try events.extraction(MedicalTranscriptionsClassification())
        #expect(found.samples.map { $0.values["medical_specialty"] } == [.text(" Surgery")])
        #expect(found.samples.map(\.visit) == [""])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1, 0])
        #expect(found.attrition.labels.map(\.value) == [" Surgery"])
    }

    @Test(arguments: [
        ("Pathogenic", "Pathogenic"), ("Pathogenic/Likely pathogenic", "Likely pathogenic"),
        ("Conflicting interpretations of pathogenicity", "Pathogenic"), ("LIKELY BENIGN", "Likely benign"),
        ("Benign/Likely benign", "Likely benign"), ("benign", "Benign"), ("VUS", "Uncertain significance"),
        ("Uncertain significance", "Uncertain significance"), ("drug response", nil),
        ("Pathogenic/Likely risk allele", nil), ("Pathogenic, likely benign", "Likely benign"),
        ("Likely risk allele; benign", nil), ("Likely risk allele; uncertain", "Uncertain significance"),
    ]) func sortsVariantsIntoFiveClasses(text: String, label: String?) {
        #expect(VariantClassificationClinVar.significance(text) == label)
    }

    @Test func takesTheFirstVariantOfAPatient() throws {
        var events = HandMadeEvents()
        events.add("variants", "0", ["gene_symbol": "TP53", "clinical_significance": "Benign"])
        events.add("variants", "0", ["gene_symbol": "BRCA1", "clinical_significance": "Pathogenic"])
        events.add("variants", "1", ["gene_symbol": "ATM", "clinical_significance": "risk factor"])
        let found = try events.extraction(VariantClassificationClinVar())
        #expect(found.samples.map { $0.values["gene_symbol"] } == [.text("TP53")])
        #expect(found.samples.map { $0.values["chromosome"] } == [.null])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 0])
    }

    @Test func takesEveryMutationWithAKnownPrediction() throws {
        var events = HandMadeEvents()
        for prediction in ["PATHOGENIC", "NEUTRAL", "neutral", "PATHOGENIC"] {
            events.add("mutations", "s1", ["gene_name": "TP53", "fathmm_prediction": prediction])
        }
        events.add("mutations", "s1", ["gene_name": "TP53"])
        let found = try events.extraction(MutationPathogenicityPrediction())
        #expect(found.samples.map { $0.labels["fathmm_prediction"] } == [1, 0, 1])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 2, 0])
    }

    @Test(arguments: [
        ("DEAD", 1), ("Deceased", 1), ("1", 1), ("Alive", 0), ("living", 0), ("0", 0), ("?", nil),
    ])
    func readsVitalStatusInAnyCase(status: String, label: Int?) throws {
        var events = HandMadeEvents()
        events.add("clinical", "p", ["vital_status": status, "gleason_score": "7"])
        events.add("clinical", "p", ["vital_status": "Dead", "gleason_score": "9"])
        events.add("mutations", "p", ["hugo_symbol": "TP53"])
        events.add("mutations", "p")
        events.add("mutations", "p", ["hugo_symbol": "TP53"])
        events.add("mutations", "q", ["hugo_symbol": "ATM"])
        let found = try events.extraction(CancerSurvivalPrediction())
        #expect(found.samples.map { $0.labels["vital_status"] } == (label.map { [$0] } ?? []))
        if let sample = found.samples.first {
            #expect(sample.codes["mutations"] == ["TP53", "TP53"])
            #expect(sample.values["age_at_diagnosis"] == .number(0))
            #expect(sample.values["gleason_score"] == .number(7))
        }
    }

    @Test func refusesAnAgeThatIsNoNumberWithoutShowingIt() throws {
        var events = HandMadeEvents()
        events.add("clinical", "p", ["vital_status": "Dead", "age_at_diagnosis": "sixty"])
        let error = #expect(throws: TaskError.self) { try events.extraction(CancerMutationBurden()) }
        #expect(error == .unparsableNumber(table: "clinical", column: "age_at_diagnosis"))
        #expect(error?.message.contains("sixty") == false)
        #expect(throws: TaskError.self) { try events.extraction(CancerSurvivalPrediction()) }
    }

    @Test(arguments: [(9, 0), (10, 1)]) func callsTenMutatedGenesManyAndCountsRepeats(count: Int, label: Int)
        throws
    {
        var events = HandMadeEvents()
        for _ in 0..<count { events.add("mutations", "p", ["hugo_symbol": "TP53"]) }
        events.add("mutations", "p")
        events.add("clinical", "q", ["age_at_diagnosis": "61"])
        let found = try events.extraction(CancerMutationBurden())
        #expect(found.samples.map { $0.labels["high_tmb"] } == [label, 0])
        #expect(found.samples.map { $0.values["age_at_diagnosis"] } == [.number(0), .number(61)])
    }
}

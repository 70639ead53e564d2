import Foundation
import Groundwork

/// The CSV tables of a synthetic corpus in OMOP's Common Data Model 5.3.
final class OMOPTables: CorpusTables {
    private static let epoch = 3
    private let seed: UInt64
    private let vocabulary = OMOPVocabulary()
    private let persons: TableWriter
    private let visits: TableWriter
    private let deaths: TableWriter
    private let conditions: TableWriter
    private let procedures: TableWriter
    private let drugs: TableWriter
    private let measurements: OMOPMeasurements

    init(_ options: CorpusOptions) throws {
        seed = options.seed
        func table(_ name: String, _ header: String) throws -> TableWriter {
            try TableWriter(path: "\(options.output)/\(name)", header: header, options: options)
        }
        persons = try table(
            "person",
            "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,"
                + "race_concept_id,ethnicity_concept_id,location_id,provider_id,care_site_id,person_source_value,"
                + "gender_source_value,gender_source_concept_id,race_source_value,race_source_concept_id,"
                + "ethnicity_source_value,ethnicity_source_concept_id")
        visits = try table(
            "visit_occurrence",
            "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,"
                + "visit_end_date,visit_end_datetime,visit_type_concept_id,provider_id,care_site_id,"
                + "visit_source_value,visit_source_concept_id,admitted_from_concept_id,"
                + "admitted_from_source_value,discharged_to_concept_id,discharged_to_source_value,"
                + "preceding_visit_occurrence_id")
        deaths = try table(
            "death",
            "person_id,death_date,death_datetime,death_type_concept_id,cause_concept_id,cause_source_value,"
                + "cause_source_concept_id")
        conditions = try table(
            "condition_occurrence",
            "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,"
                + "condition_start_datetime,condition_end_date,condition_end_datetime,condition_type_concept_id,"
                + "condition_status_concept_id,stop_reason,provider_id,visit_occurrence_id,visit_detail_id,"
                + "condition_source_value,condition_source_concept_id,condition_status_source_value")
        procedures = try table(
            "procedure_occurrence",
            "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,procedure_datetime,"
                + "procedure_end_date,procedure_end_datetime,procedure_type_concept_id,modifier_concept_id,"
                + "quantity,provider_id,visit_occurrence_id,visit_detail_id,procedure_source_value,"
                + "procedure_source_concept_id,modifier_source_value")
        drugs = try table(
            "drug_exposure",
            "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,"
                + "drug_exposure_start_datetime,drug_exposure_end_date,drug_exposure_end_datetime,"
                + "verbatim_end_date,drug_type_concept_id,stop_reason,refills,quantity,days_supply,sig,"
                + "route_concept_id,lot_number,provider_id,visit_occurrence_id,visit_detail_id,"
                + "drug_source_value,drug_source_concept_id,route_source_value,dose_unit_source_value")
        measurements = try OMOPMeasurements(options)
    }

    func write(patient number: Int, truth: CorpusTruth) throws -> Int {
        var stream = RandomStream(seed: seed, purpose: .synthesis, epoch: Self.epoch, step: number)
        let person = number + 1
        let start = (2005 - 1970) * 31_556_952 / 60 * 60 + stream.nextInt(below: 12 * 365 * 1440) * 60
        try writePerson(person, start: start, &stream)
        let history = PatientHistory(&stream, model: vocabulary.history, start: start).visits
        var noise = MeasurementNoise(
            RandomStream(seed: seed, purpose: .synthesis, epoch: Self.epoch, step: number, layer: 1))
        guard let last = history.last else { return 0 }
        for (place, visit) in history.enumerated() {
            try writeVisit(person, visit, isFirst: place == 0, &stream)
            let id = visits.rowNumber
            try writeConditions(person, visit, id, &stream)
            try writeProcedures(person, visit, id, &stream)
            try writeDrugs(person, visit, id, &stream)
            try measurements.write(visit, person: person, visit: id, &noise)
            if place + 1 < history.count {
                try truth.nextVisit.add(
                    id, logit: vocabulary.history.nextVisitLogit(balance: visit.balance), label: last.dies)
            }
        }
        if last.dies { try writeDeath(person, last) }
        return history.count
    }

    func finish() throws -> Int {
        let all = [persons, visits, deaths, conditions, procedures, drugs, measurements.table]
        for table in all { try table.finish() }
        return all.reduce(0) { $0 + $1.bytes }
    }

    private func writePerson(_ person: Int, start: Int, _ stream: inout RandomStream) throws {
        let isFemale = stream.nextBool(0.52)
        let years = 19 + Int(70 * pow(stream.nextDouble(), 0.8))
        let born = start / Seconds.day * Seconds.day - years * 365 * Seconds.day
        let date = calendar(born)
        let race = vocabulary.races.draw(&stream)
        let isHispanic = stream.nextBool(0.1)
        persons.beginRow()
        persons.number(person)
        persons.number(isFemale ? 8532 : 8507)
        persons.number(date.year)
        persons.number(date.month)
        persons.number(date.day)
        persons.time(born)
        persons.number(OMOPVocabulary.raceConcept(race))
        persons.number(isHispanic ? 38_003_563 : 38_003_564)
        persons.null(3)
        persons.field { cursor in
            cursor.byte(0x70)
            cursor.padded(UInt(person), 9)
        }
        persons.text(isFemale ? "F" : "M")
        persons.number(0)
        persons.raw(race)
        persons.number(0)
        persons.text(isHispanic ? "hispanic" : "nonhispanic")
        persons.number(0)
        try persons.endRow()
    }

    private func writeDeath(_ person: Int, _ visit: PatientHistory.Visit) throws {
        deaths.beginRow()
        deaths.number(person)
        deaths.date(visit.end)
        deaths.time(visit.end)
        deaths.number(38_003_566)
        deaths.null(3)
        try deaths.endRow()
    }

    private func writeVisit(
        _ person: Int, _ visit: PatientHistory.Visit, isFirst: Bool, _ stream: inout RandomStream
    ) throws {
        let id = visits.rowNumber + 1
        visits.beginRow()
        visits.number(id)
        visits.number(person)
        visits.number(stream.nextBool(0.2) ? 9203 : 9201)
        interval(visits, visit.start, visit.end)
        visits.number(44_818_517)
        visits.number(1 + stream.nextInt(below: 400))
        visits.null()
        visits.field { cursor in
            cursor.byte(0x76)
            cursor.padded(UInt(id), 10)
        }
        visits.number(0)
        visits.number(0)
        visits.null()
        visits.number(0)
        visits.null()
        if isFirst { visits.null() } else { visits.number(id - 1) }
        try visits.endRow()
    }

    /// `start_date,start_datetime,end_date,end_datetime`.
    private func interval(_ table: TableWriter, _ start: Int, _ end: Int) {
        table.date(start)
        table.time(start)
        table.date(end)
        table.time(end)
    }

    /// Begins a row of an event: running id, person, concept.
    private func beginEvent(_ table: TableWriter, _ person: Int, _ code: [UInt8]) {
        table.beginRow()
        table.number(table.rowNumber)
        table.number(person)
        table.raw(code)
    }

    /// `provider_id,visit_occurrence_id,visit_detail_id`.
    private func place(_ table: TableWriter, _ visit: Int) {
        table.number(1 + visit % 400)
        table.number(visit)
        table.number(1_000_000 + visit)
    }

    private func writeConditions(
        _ person: Int, _ visit: PatientHistory.Visit, _ id: Int, _ stream: inout RandomStream
    ) throws {
        for code in visit.codes[0] {
            let cell = vocabulary.conditions.codes[code]
            beginEvent(conditions, person, cell)
            let start = visit.start + stream.nextInt(below: visit.end - visit.start)
            conditions.date(start)
            conditions.time(start)
            if stream.nextBool(0.4) {
                let end = start + (1 + stream.nextInt(below: 60)) * Seconds.day
                conditions.date(end)
                conditions.time(end)
            } else {
                conditions.null(2)
            }
            conditions.number(38_000_175)
            conditions.number(0)
            conditions.null()
            place(conditions, id)
            conditions.raw(cell)
            conditions.raw(cell)
            conditions.null()
            try conditions.endRow()
        }
    }

    private func writeProcedures(
        _ person: Int, _ visit: PatientHistory.Visit, _ id: Int, _ stream: inout RandomStream
    ) throws {
        for code in visit.codes[1] {
            let cell = vocabulary.procedures.codes[code]
            let start = visit.start + stream.nextInt(below: visit.end - visit.start)
            beginEvent(procedures, person, cell)
            interval(procedures, start, start + 1800)
            procedures.number(38_000_267)
            procedures.number(0)
            procedures.null()
            place(procedures, id)
            procedures.raw(cell)
            procedures.raw(cell)
            procedures.null()
            try procedures.endRow()
        }
    }

    private func writeDrugs(
        _ person: Int, _ visit: PatientHistory.Visit, _ id: Int, _ stream: inout RandomStream
    ) throws {
        for code in visit.codes[2] {
            let cell = vocabulary.drugs.codes[code]
            let start = visit.start + stream.nextInt(below: visit.end - visit.start)
            let days = 1 + stream.nextInt(below: 30)
            let end = start + days * Seconds.day
            beginEvent(drugs, person, cell)
            interval(drugs, start, end)
            drugs.date(end)
            drugs.number(32_869)
            drugs.null()
            drugs.number(0)
            drugs.number(0)
            drugs.number(days)
            drugs.null()
            drugs.number(0)
            drugs.number(0)
            place(drugs, id)
            drugs.raw(cell)
            drugs.raw(cell)
            drugs.null(2)
            try drugs.endRow()
        }
    }
}

import Foundation
import Groundwork

/// The CSV tables of a synthetic MIMIC-IV corpus.
final class MIMIC4Tables: CorpusTables {
    private let seed: UInt64
    private let vocabulary = MIMIC4Vocabulary()
    private let categories = MIMIC4Categories()
    private let patients: TableWriter
    private let admissions: TableWriter
    private let stays: TableWriter
    private let diagnoses: TableWriter
    private let procedures: TableWriter
    private let prescriptions: TableWriter
    private let labs: MIMIC4Labs
    private let chart: MIMIC4Chart?
    private var lastPharmacy = 10_000_000

    init(_ options: CorpusOptions) throws {
        seed = options.seed
        for part in ["hosp", "icu"] { try Files.createFolder("\(options.output)/\(part)") }
        func table(_ name: String, _ header: String) throws -> TableWriter {
            try TableWriter(path: "\(options.output)/\(name)", header: header, options: options)
        }
        patients = try table(
            "hosp/patients", "subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod")
        admissions = try table(
            "hosp/admissions",
            "subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,admit_provider_id,"
                + "admission_location,discharge_location,insurance,language,marital_status,race,edregtime,"
                + "edouttime,hospital_expire_flag")
        stays = try table(
            "icu/icustays", "subject_id,hadm_id,stay_id,first_careunit,last_careunit,intime,outtime,los")
        diagnoses = try table(
            "hosp/diagnoses_icd", "subject_id,hadm_id,seq_num,icd_code,icd_version")
        procedures = try table(
            "hosp/procedures_icd", "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version")
        prescriptions = try table(
            "hosp/prescriptions",
            "subject_id,hadm_id,pharmacy_id,poe_id,poe_seq,order_provider_id,starttime,stoptime,drug_type,"
                + "drug,formulary_drug_cd,gsn,ndc,prod_strength,form_rx,dose_val_rx,dose_unit_rx,"
                + "form_val_disp,form_unit_disp,doses_per_24_hrs,route")
        labs = try MIMIC4Labs(options)
        chart = options.chartEvents ? try MIMIC4Chart(options) : nil
    }

    func write(patient number: Int, truth: CorpusTruth) throws -> Int {
        let patient = MIMIC4Patient(number: number, seed: seed, model: vocabulary.history)
        var stream = RandomStream(
            seed: seed, purpose: .synthesis, epoch: MIMIC4Patient.epoch, step: number, layer: 3)
        try writePatient(patient)
        let person = MIMIC4Categories.Person(categories, &stream)
        let visits = patient.history.visits
        let first = admissions.rowNumber
        for (place, visit) in visits.enumerated() {
            try writeAdmission(patient, visit, person, &stream)
            let admission = admissionID
            try writeStay(patient, visit, admission, place: place, &stream)
            try writeCodes(patient, visit, admission, &stream)
            try writePrescriptions(patient, visit, admission, &stream)
        }
        try labs.write(patient, number: number, firstAdmission: Self.admissionID(row: first + 1))
        try tell(truth, patient, firstRow: first + 1)
        return visits.count
    }

    func finish() throws -> Int {
        let all =
            [patients, admissions, stays, diagnoses, procedures, prescriptions] + labs.tables
            + (chart?.tables ?? [])
        for table in all { try table.finish() }
        return all.reduce(0) { $0 + $1.bytes }
    }

    /// `hadm_id` of the n-th row of admissions.
    private static func admissionID(row: Int) -> Int { 20_000_000 + row }
    private var admissionID: Int { Self.admissionID(row: admissions.rowNumber) }

    private func tell(_ truth: CorpusTruth, _ patient: MIMIC4Patient, firstRow: Int) throws {
        let visits = patient.history.visits
        let model = vocabulary.history
        for (place, visit) in visits.enumerated() {
            let admission = Self.admissionID(row: firstRow + place)
            try truth.sameStay?.add(admission, logit: visit.deathLogit, label: visit.dies)
            guard place + 1 < visits.count else { continue }
            try truth.nextVisit.add(
                admission, logit: model.nextVisitLogit(balance: visit.balance), label: visits[place + 1].dies)
        }
        guard let last = visits.last else { return }
        // The last visit is the last because of death, or of the end of the history: P = p / (p + (1 − p)(1 − continuation)).
        try truth.anyStay?.add(
            patient.subjectID, logit: last.deathLogit - log(1 - model.continuation), label: last.dies)
    }

    private func writePatient(_ patient: MIMIC4Patient) throws {
        let groups: [StaticString] = ["2008 - 2010", "2011 - 2013", "2014 - 2016", "2017 - 2019"]
        patients.beginRow()
        patients.number(patient.subjectID)
        patients.text(patient.isFemale ? "F" : "M")
        patients.number(patient.anchorAge)
        patients.number(patient.anchorYear)
        patients.text(groups[patient.anchorGroup])
        if let died = patient.died { patients.date(died) } else { patients.null() }
        try patients.endRow()
    }

    private func writeAdmission(
        _ patient: MIMIC4Patient, _ visit: PatientHistory.Visit, _ person: MIMIC4Categories.Person,
        _ stream: inout RandomStream
    ) throws {
        let throughED = stream.nextBool(0.63)
        let table = admissions
        table.beginRow()
        table.number(patient.subjectID)
        table.number(admissionID)
        table.time(visit.start)
        table.time(visit.end)
        if visit.dies { table.time(visit.end) } else { table.null() }
        table.raw((throughED ? categories.emergencyTypes : categories.otherTypes).draw(&stream))
        let provider = stream.nextInt(below: 1500)
        table.field { Self.provider(provider, &$0) }
        table.raw(throughED ? categories.emergencyRoom : categories.sources.draw(&stream))
        table.raw(visit.dies ? categories.died : categories.destinations.draw(&stream))
        for text in [person.insurance, person.language, person.maritalStatus, person.race] { table.raw(text) }
        if throughED {
            table.time(visit.start - (60 + stream.nextInt(below: 540)) * 60)
            table.time(visit.start + stream.nextInt(below: 120) * 60)
        } else {
            table.null(2)
        }
        table.number(visit.dies ? 1 : 0)
        try table.endRow()
    }

    /// A provider's id like `P04X2Z`.
    static func provider(_ number: Int, _ cursor: inout TextCursor) {
        cursor.byte(0x50)
        cursor.padded(UInt(number / 26 % 100), 2)
        cursor.byte(0x41 + UInt8(number % 26))
        cursor.padded(UInt(number * 7 % 10), 1)
        cursor.byte(0x41 + UInt8(number / 7 % 26))
    }

    private func writeStay(
        _ patient: MIMIC4Patient, _ visit: PatientHistory.Visit, _ admission: Int, place: Int,
        _ stream: inout RandomStream
    ) throws {
        guard stream.nextBool(logistic(-1.9 + 0.9 * visit.severity)) else { return }
        let length = visit.end - visit.start
        let from = visit.start + min(Int(stream.nextDouble() * 86_400), length / 4)
        let to = from + max(1800, Int((0.2 + 0.6 * stream.nextDouble()) * Double(visit.end - from)))
        let unit = categories.units.draw(&stream)
        stays.beginRow()
        stays.number(patient.subjectID)
        stays.number(admission)
        stays.number(30_000_000 + stays.rowNumber)
        stays.raw(unit)
        stays.raw(stream.nextBool(0.85) ? unit : categories.units.draw(&stream))
        stays.time(from)
        stays.time(to)
        let millionths = (to - from) * 1_000_000 / Seconds.day
        stays.field { cursor in
            cursor.number(millionths / 1_000_000)
            cursor.byte(0x2E)
            cursor.padded(UInt(millionths % 1_000_000), 6)
        }
        try stays.endRow()
        try chart?.write(
            patient, admission: admission, stay: 30_000_000 + stays.rowNumber, from: from, to: to,
            severity: visit.severity,
            stream: RandomStream(
                seed: seed, purpose: .synthesis, epoch: MIMIC4Patient.epoch,
                step: patient.subjectID - 10_000_000, rank: place, layer: 2))
    }

    private func writeCodes(
        _ patient: MIMIC4Patient, _ visit: PatientHistory.Visit, _ admission: Int,
        _ stream: inout RandomStream
    ) throws {
        let version = MIMIC4Vocabulary.icdVersion(era: visit.era)
        for (place, code) in visit.codes[0].enumerated() {
            diagnoses.beginRow()
            diagnoses.number(patient.subjectID)
            diagnoses.number(admission)
            diagnoses.number(place + 1)
            diagnoses.raw(vocabulary.diagnoses[visit.era].codes[code])
            diagnoses.number(version)
            try diagnoses.endRow()
        }
        for (place, code) in visit.codes[1].enumerated() {
            procedures.beginRow()
            procedures.number(patient.subjectID)
            procedures.number(admission)
            procedures.number(place + 1)
            procedures.date(visit.start + stream.nextInt(below: visit.days) * Seconds.day)
            procedures.raw(vocabulary.procedures[visit.era].codes[code])
            procedures.number(version)
            try procedures.endRow()
        }
    }

    private func writePrescriptions(
        _ patient: MIMIC4Patient, _ visit: PatientHistory.Visit, _ admission: Int,
        _ stream: inout RandomStream
    ) throws {
        let table = prescriptions
        let hours = max(1, (visit.end - visit.start) / Seconds.hour)
        let firstHour = visit.start / Seconds.hour * Seconds.hour
        let count = visit.codes[2].count
        for (place, drug) in visit.codes[2].enumerated() {
            let from = firstHour + place * hours / count * Seconds.hour
            let order = place + admission % 97 * 3 + 4
            lastPharmacy += 1
            table.beginRow()
            table.number(patient.subjectID)
            table.number(admission)
            table.number(lastPharmacy)
            table.field { cursor in
                cursor.number(patient.subjectID)
                cursor.byte(0x2D)
                cursor.number(order)
            }
            table.number(order)
            let provider = stream.nextInt(below: 1500)
            table.field { Self.provider(provider, &$0) }
            table.time(from)
            table.time(min(from + (1 + stream.nextInt(below: 96)) * Seconds.hour, visit.end + Seconds.day))
            table.raw(vocabulary.drugFields[drug])
            try table.endRow()
        }
    }
}

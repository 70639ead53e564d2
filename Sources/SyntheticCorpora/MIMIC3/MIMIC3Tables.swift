import ClinicalData
import Groundwork

/// The CSV tables of a synthetic MIMIC-III corpus.
///
/// The probability that the next admission ends in death is σ(b + c·d), d the number of distinct harmful codes of the current
/// visit minus that of protective ones.
final class MIMIC3Tables: CorpusTables {
    private let seed: UInt64
    private let vocabulary = MIMIC3Vocabulary()
    private let patients: TableWriter
    private let admissions: TableWriter
    private let stays: TableWriter
    private let diagnoses: TableWriter
    private let procedures: TableWriter
    private let prescriptions: TableWriter
    private let labItems: TableWriter?
    private let labs: TableWriter?
    private static let labCount = 40
    private static let day: Int64 = 86_400_000

    init(_ options: CorpusOptions) throws {
        func table(_ name: String, _ columns: String) throws -> TableWriter {
            let header = columns.split(separator: ",").map { "\"\($0.uppercased())\"" }.joined(separator: ",")
            return try TableWriter(path: "\(options.output)/\(name)", header: header, options: options)
        }
        seed = options.seed
        let withLabs = options.labs
        patients = try table("PATIENTS", "row_id,subject_id,gender,dob,dod,dod_hosp,dod_ssn,expire_flag")
        admissions = try table(
            "ADMISSIONS",
            "row_id,subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,admission_location,"
                + "discharge_location,insurance,language,religion,marital_status,ethnicity,edregtime,edouttime,"
                + "diagnosis,hospital_expire_flag,has_chartevents_data")
        stays = try table(
            "ICUSTAYS",
            "row_id,subject_id,hadm_id,icustay_id,dbsource,first_careunit,last_careunit,first_wardid,last_wardid,"
                + "intime,outtime,los")
        diagnoses = try table("DIAGNOSES_ICD", "row_id,subject_id,hadm_id,seq_num,icd9_code")
        procedures = try table("PROCEDURES_ICD", "row_id,subject_id,hadm_id,seq_num,icd9_code")
        prescriptions = try table(
            "PRESCRIPTIONS",
            "row_id,subject_id,hadm_id,icustay_id,startdate,enddate,drug_type,drug,drug_name_poe,drug_name_generic,"
                + "formulary_drug_cd,gsn,ndc,prod_strength,dose_val_rx,dose_unit_rx,form_val_disp,form_unit_disp,route"
        )
        labItems = withLabs ? try table("D_LABITEMS", "row_id,itemid,label,fluid,category,loinc_code") : nil
        labs =
            withLabs
            ? try table(
                "LABEVENTS", "row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom,flag") : nil
        if let labItems {
            for item in 0..<Self.labCount {
                beginRow(labItems)
                labItems.number(50_800 + item)
                labItems.raw(Array("LAB \(item)".utf8))
                labItems.text("Blood")
                labItems.text("Chemistry")
                labItems.null()
                try labItems.endRow()
            }
        }
    }

    func write(patient number: Int, truth: CorpusTruth) throws -> Int {
        let patient = MIMIC3Patient(number: number, seed: seed, vocabulary: vocabulary)
        try write(patient)
        for (visit, next) in zip(patient.visits, patient.visits.dropFirst()) {
            try truth.nextVisit.add(visit.hadmID, logit: visit.deathLogit, label: next.dies)
        }
        return patient.visits.count
    }

    private func write(_ patient: MIMIC3Patient) throws {
        try writePatient(patient)
        for (index, visit) in patient.visits.enumerated() {
            try writeAdmission(patient, visit, index)
            try writeCodes(diagnoses, patient, visit, visit.diagnoses, vocabulary.diagnoses)
            try writeCodes(procedures, patient, visit, visit.procedures, vocabulary.procedures)
            try writePrescriptions(patient, visit)
            if let labs { try writeLabs(labs, patient, visit) }
        }
    }

    func finish() throws -> Int {
        let all =
            [patients, admissions, stays, diagnoses, procedures, prescriptions]
            + [labItems, labs].compactMap { $0 }
        for table in all { try table.finish() }
        return all.reduce(0) { $0 + $1.bytes }
    }

    /// Begins a row with its running number.
    private func beginRow(_ table: TableWriter) {
        table.beginRow()
        table.number(table.rowNumber)
    }

    private func writePatient(_ patient: MIMIC3Patient) throws {
        let died = patient.visits.last.flatMap { $0.dies ? $0.discharged : nil }
        beginRow(patients)
        patients.number(patient.subjectID)
        patients.text(patient.isFemale ? "F" : "M")
        patients.time(patient.born)
        for _ in 0..<2 { if let died { patients.time(died) } else { patients.null() } }
        patients.null()
        patients.number(died == nil ? 0 : 1)
        try patients.endRow()
    }

    private func writeAdmission(_ patient: MIMIC3Patient, _ visit: MIMIC3Patient.Visit, _ index: Int)
        throws
    {
        beginRow(admissions)
        admissions.number(patient.subjectID)
        admissions.number(visit.hadmID)
        admissions.time(visit.admitted)
        admissions.time(visit.discharged)
        if visit.dies { admissions.time(visit.discharged) } else { admissions.null() }
        admissions.text(visit.hadmID % 5 == 0 ? "ELECTIVE" : "EMERGENCY")
        admissions.text("EMERGENCY ROOM ADMIT")
        admissions.text(visit.dies ? "DEAD/EXPIRED" : "HOME HEALTH CARE")
        admissions.text(patient.subjectID % 2 == 0 ? "Medicare" : "Private")
        admissions.null()
        admissions.text("UNOBTAINABLE")
        admissions.text("MARRIED")
        admissions.text("WHITE")
        admissions.null()
        admissions.null()
        admissions.text("\"SEPSIS, NOT OTHERWISE SPECIFIED\"")
        admissions.number(visit.dies ? 1 : 0)
        admissions.number(1)
        try admissions.endRow()
        beginRow(stays)
        stays.number(patient.subjectID)
        stays.number(visit.hadmID)
        stays.number(200_000 + visit.hadmID)
        for unit: StaticString in ["metavision", "MICU", "MICU"] { stays.text(unit) }
        stays.number(50)
        stays.number(50)
        stays.time(visit.admitted)
        stays.time(visit.discharged)
        stays.number(max(1, Int(visit.discharged.milliseconds(since: visit.admitted) / Self.day)))
        try stays.endRow()
    }

    private func writeCodes(
        _ table: TableWriter, _ patient: MIMIC3Patient, _ visit: MIMIC3Patient.Visit, _ codes: [Int],
        _ pool: CodePool
    ) throws {
        for (place, code) in codes.enumerated() {
            beginRow(table)
            table.number(patient.subjectID)
            table.number(visit.hadmID)
            table.number(place + 1)
            table.raw(pool.codes[code])
            try table.endRow()
        }
    }

    private func writePrescriptions(
        _ patient: MIMIC3Patient, _ visit: MIMIC3Patient.Visit
    ) throws {
        let days = max(1, visit.discharged.milliseconds(since: visit.admitted) / Self.day)
        let start = visit.admitted.milliseconds / Self.day * Self.day
        for (place, drug) in visit.drugs.enumerated() {
            let first = start + Int64(place) * days / Int64(visit.drugs.count) * Self.day
            beginRow(prescriptions)
            prescriptions.number(patient.subjectID)
            prescriptions.number(visit.hadmID)
            prescriptions.null()
            prescriptions.time(Timestamp(milliseconds: first))
            prescriptions.time(Timestamp(milliseconds: first + Int64(place % 4) * Self.day))
            prescriptions.raw(vocabulary.drugFields[drug])
            try prescriptions.endRow()
        }
    }

    private func writeLabs(_ table: TableWriter, _ patient: MIMIC3Patient, _ visit: MIMIC3Patient.Visit)
        throws
    {
        let span = visit.discharged.milliseconds(since: visit.admitted)
        let count = 40 + visit.hadmID % 61
        for place in 0..<count {
            let value = 20 + (visit.hadmID * 31 + place * 17) % 160
            beginRow(table)
            table.number(patient.subjectID)
            table.number(visit.hadmID)
            table.number(50_800 + (visit.hadmID + place) % Self.labCount)
            table.time(
                Timestamp(
                    milliseconds: visit.admitted.milliseconds + span * Int64(place) / Int64(count) / 60_000
                        * 60_000))
            table.number(value)
            table.number(value)
            table.text("mg/dL")
            if value > 150 { table.text("abnormal") } else { table.null() }
            try table.endRow()
        }
    }
}

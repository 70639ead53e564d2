import Foundation
import Groundwork

/// The CSV tables of a synthetic eICU corpus: offsets in minutes from the admission to the unit instead of times.
final class EICUTables: CorpusTables {
    /// The stays of one patient in one hospital admission.
    private struct HospitalStay {
        var units: Range<Int>
        var admitted: Int
        var discharged: Int
    }

    private static let epoch = 2
    private let seed: UInt64
    private let vocabulary = EICUVocabulary()
    private let patients: TableWriter
    private let codes: [CodeTable]
    private let labs: EICULabs
    private var lastHospitalStay = 100_000

    /// A table whose rows are an id, a stay and pre-printed cells.
    private struct CodeTable {
        let table: TableWriter
        let pool: CodePool
        /// Where in the row the cells stand: writes everything behind the stay.
        let row: (TableWriter, [UInt8], Int, Int, inout RandomStream) -> Void
    }

    init(_ options: CorpusOptions) throws {
        seed = options.seed
        func table(_ name: String, _ header: String) throws -> TableWriter {
            try TableWriter(path: "\(options.output)/\(name)", header: header, options: options)
        }
        patients = try table("patient", Self.patientHeader)
        labs = try EICULabs(options)
        codes = [
            CodeTable(
                table: try table(
                    "diagnosis",
                    "diagnosisid,patientunitstayid,activeupondischarge,diagnosisoffset,diagnosisstring,icd9code,"
                        + "diagnosispriority"),
                pool: vocabulary.diagnoses
            ) { table, cells, offset, place, stream in
                table.text(stream.nextBool(0.6) ? "True" : "False")
                table.number(offset)
                table.raw(cells)
                table.text(place == 0 ? "Primary" : place % 2 == 0 ? "Major" : "Other")
            },
            CodeTable(
                table: try table(
                    "treatment",
                    "treatmentid,patientunitstayid,treatmentoffset,treatmentstring,activeupondischarge"),
                pool: vocabulary.treatments
            ) { table, cells, offset, _, stream in
                table.number(offset)
                table.raw(cells)
                table.text(stream.nextBool(0.4) ? "True" : "False")
            },
            CodeTable(
                table: try table(
                    "medication",
                    "medicationid,patientunitstayid,drugorderoffset,drugstartoffset,drugivadmixture,"
                        + "drugordercancelled,drugname,drughiclseqno,dosage,routeadmin,frequency,loadingdose,prn,"
                        + "drugstopoffset,gtc"),
                pool: vocabulary.drugs
            ) { table, cells, offset, place, stream in
                let start = offset + stream.nextInt(below: 240) - 20
                table.number(offset)
                table.number(start)
                table.text(place % 9 == 0 ? "Yes" : "No")
                table.text(stream.nextBool(0.05) ? "Yes" : "No")
                table.raw(cells)
                table.null()
                table.text(place % 5 == 0 ? "Yes" : "No")
                table.number(start + stream.nextInt(below: 4320))
                table.number(place % 7 == 0 ? 38 : 0)
            },
            CodeTable(
                table: try table(
                    "physicalExam",
                    "physicalexamid,patientunitstayid,physicalexamoffset,physicalexampath,physicalexamvalue,"
                        + "physicalexamtext"),
                pool: vocabulary.exams
            ) { table, cells, offset, _, _ in
                table.number(offset)
                table.raw(cells)
            },
            CodeTable(
                table: try table(
                    "admissionDx",
                    "admissiondxid,patientunitstayid,admitdxenteredoffset,admitdxpath,admitdxname,admitdxtext"
                ),
                pool: vocabulary.admissionDiagnoses
            ) { table, cells, offset, _, _ in
                table.number(min(offset, 600))
                table.raw(cells)
            },
        ]
    }

    private static let patientHeader =
        "patientunitstayid,patienthealthsystemstayid,gender,age,ethnicity,hospitalid,wardid,apacheadmissiondx,"
        + "admissionheight,hospitaladmittime24,hospitaladmitoffset,hospitaladmitsource,hospitaldischargeyear,"
        + "hospitaldischargetime24,hospitaldischargeoffset,hospitaldischargelocation,hospitaldischargestatus,"
        + "unittype,unitadmittime24,unitadmitsource,unitvisitnumber,unitstaytype,admissionweight,dischargeweight,"
        + "unitdischargetime24,unitdischargeoffset,unitdischargelocation,unitdischargestatus,uniquepid"

    func write(patient number: Int, truth: CorpusTruth) throws -> Int {
        var stream = RandomStream(seed: seed, purpose: .synthesis, epoch: Self.epoch, step: number)
        let person = Person(number: number, vocabulary, &stream)
        let start = stream.nextInt(below: 730 * 1440) * 60
        let visits = PatientHistory(&stream, model: vocabulary.history, start: start).visits
        var noise = MeasurementNoise(
            RandomStream(seed: seed, purpose: .synthesis, epoch: Self.epoch, step: number, layer: 1))
        var previous: (id: Int, balance: Int)?
        for stay in hospitalStays(visits, &stream) {
            lastHospitalStay += 1
            for index in stay.units {
                let visit = visits[index]
                try writePatient(person, stay, visit, visits, index, &stream)
                let id = stayID
                if let previous {
                    try truth.nextVisit.add(
                        previous.id, logit: vocabulary.history.nextVisitLogit(balance: previous.balance),
                        label: visits[stay.units.upperBound - 1].dies)
                }
                previous = (id, visit.balance)
                try writeCodes(visit, id, &stream)
                try labs.write(visit, stay: id, &noise)
            }
        }
        return visits.count
    }

    func finish() throws -> Int {
        let all = [patients, labs.table] + codes.map(\.table)
        for table in all { try table.finish() }
        return all.reduce(0) { $0 + $1.bytes }
    }

    private var stayID: Int { 140_000 + patients.rowNumber }

    /// Stays that follow each other within two weeks are often of one hospital admission.
    private func hospitalStays(_ visits: [PatientHistory.Visit], _ stream: inout RandomStream)
        -> [HospitalStay]
    {
        var stays: [HospitalStay] = []
        for (index, visit) in visits.enumerated() {
            let isSoon = index > 0 && visit.start - visits[index - 1].end < 14 * Seconds.day
            if isSoon, stream.nextBool(0.8) {
                stays[stays.count - 1].units = stays[stays.count - 1].units.lowerBound..<(index + 1)
            } else {
                let before = stream.nextInt(below: 1440) * 60
                stays.append(
                    HospitalStay(units: index..<(index + 1), admitted: visit.start - before, discharged: 0))
            }
            let after = visit.dies ? 0 : stream.nextInt(below: 4 * 1440) * 60
            stays[stays.count - 1].discharged = visit.end + after
        }
        return stays
    }

    /// What does not change from one stay to the next.
    private struct Person {
        let id: Int
        let isFemale: Bool
        let age: Int
        let ethnicity: [UInt8]
        let hospital: Int
        let height: Int
        let weight: Int

        init(number: Int, _ vocabulary: EICUVocabulary, _ stream: inout RandomStream) {
            id = 10_000 + number
            isFemale = stream.nextBool(0.46)
            age = 18 + Int(76 * pow(stream.nextDouble(), 0.6))
            ethnicity = vocabulary.ethnicities.draw(&stream)
            hospital = 56 + stream.nextInt(below: 208)
            height = 1500 + stream.nextInt(below: 450)
            weight = 450 + stream.nextInt(below: 800)
        }
    }

    private func writePatient(
        _ person: Person, _ stay: HospitalStay, _ visit: PatientHistory.Visit,
        _ visits: [PatientHistory.Visit],
        _ index: Int, _ stream: inout RandomStream
    ) throws {
        let table = patients
        let isDead = visits[stay.units.upperBound - 1].dies
        table.beginRow()
        table.number(stayID)
        table.number(lastHospitalStay)
        table.text(person.isFemale ? "Female" : "Male")
        if person.age > 89 { table.text("> 89") } else { table.number(person.age) }
        table.raw(person.ethnicity)
        table.number(person.hospital)
        table.number(person.hospital + 30 + stream.nextInt(below: 4))
        table.raw(vocabulary.reasons.draw(&stream))
        table.field { Self.tenths(person.height, &$0) }
        table.timeOfDay(stay.admitted)
        table.number((stay.admitted - visit.start) / 60)
        table.raw(vocabulary.sources.draw(&stream))
        table.number(2014 + calendar(visit.start).year % 2)
        table.timeOfDay(stay.discharged)
        table.number((stay.discharged - visit.start) / 60)
        if isDead { table.text("Death") } else { table.raw(vocabulary.destinations.draw(&stream)) }
        table.text(isDead ? "Expired" : "Alive")
        table.raw(vocabulary.unitTypes.draw(&stream))
        table.timeOfDay(visit.start)
        table.raw(vocabulary.sources.draw(&stream))
        table.number(index - stay.units.lowerBound + 1)
        table.text(index == stay.units.lowerBound ? "admit" : "readmit")
        table.field { Self.tenths(person.weight, &$0) }
        table.field { Self.tenths(person.weight - 10 + stream.nextInt(below: 20), &$0) }
        table.timeOfDay(visit.end)
        table.number((visit.end - visit.start) / 60)
        table.text(visit.dies ? "Death" : "Floor")
        table.text(visit.dies ? "Expired" : "Alive")
        table.field { cursor in
            cursor.padded(UInt(2 + person.hospital % 30), 3)
            cursor.byte(0x2D)
            cursor.number(person.id)
        }
        try table.endRow()
    }

    /// A number of tenths with its decimal point.
    private static func tenths(_ value: Int, _ cursor: inout TextCursor) {
        cursor.number(value / 10)
        cursor.byte(0x2E)
        cursor.number(value % 10)
    }

    private func writeCodes(_ visit: PatientHistory.Visit, _ stay: Int, _ stream: inout RandomStream) throws {
        let minutes = (visit.end - visit.start) / 60
        for (kind, drawn) in zip(codes, visit.codes) {
            for (place, code) in drawn.enumerated() {
                let table = kind.table
                table.beginRow()
                table.number(4_000_000 + table.rowNumber)
                table.number(stay)
                kind.row(table, kind.pool.codes[code], stream.nextInt(below: minutes), place, &stream)
                try table.endRow()
            }
        }
    }
}

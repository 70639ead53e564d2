import Groundwork

/// `hosp/labevents` and `hosp/d_labitems`: panels of items at clustered times, during admissions and between them.
final class MIMIC4Labs {
    private let seed: UInt64
    private let items: TableWriter
    private let events: TableWriter
    private let printed: PrintedAnalytes
    private let panels: [Panel]
    private let frame = RowFrame()
    private var lastEvent = 0
    private var lastSpecimen = 0

    /// Draws of blood per day in hospital.
    private static let drawsPerDay = 2.05
    /// Mean number of draws between two admissions, before the first and after the last.
    private static let drawsBetween = 1.75

    /// The tables, to be ended together with the others.
    var tables: [TableWriter] { [items, events] }

    init(_ options: CorpusOptions) throws {
        seed = options.seed
        items = try TableWriter(
            path: "\(options.output)/hosp/d_labitems", header: "itemid,label,fluid,category",
            options: options)
        events = try TableWriter(
            path: "\(options.output)/hosp/labevents",
            header: "labevent_id,subject_id,hadm_id,specimen_id,itemid,order_provider_id,charttime,storetime,"
                + "value,valuenum,valueuom,ref_range_lower,ref_range_upper,flag,priority,comments",
            options: options)
        let analytes = AnalyteCatalog.laboratory
        panels = Panel.laboratory(analytes)
        printed = PrintedAnalytes(analytes, pieces: Self.pieces)
        for analyte in analytes {
            items.beginRow()
            items.number(analyte.item)
            for text in [analyte.label, analyte.fluid, analyte.category] { items.raw(csvField("\(text)")) }
            try items.endRow()
        }
    }

    /// `itemid`, then `value … flag`, then the comment.
    private static func pieces(_ analyte: Analyte, _ value: Double?) -> PrintedAnalytes.Pieces {
        let range = "\(analyte.unit),\(analyte.low),\(analyte.high)"
        let head = Array("\(analyte.item)".utf8)
        guard let value else {
            let comment: String
            switch analyte.item {
            case 50920: comment = "Using this patient's age, gender, and serum creatinine value of ___."
            case 52033: comment = ""
            default: comment = analyte.missing > 100 ? "NEG." : "HEMOLYZED, RESULT NOT REPORTED."
            }
            let shown = analyte.item == 52033 ? "ART." : analyte.missing > 100 ? "NEG" : "___"
            return .init(head: head, middle: Array("\(shown),,\(range),,".utf8), tail: csvField(comment))
        }
        let text = analyte.text(value)
        let flag = analyte.isAbnormal(value) ? "abnormal" : ""
        return .init(head: head, middle: Array("\(text),\(text),\(range),\(flag),".utf8))
    }

    /// Writes the results of a patient in order of time; the admissions' ids count up from `firstAdmission`; throws
    /// `FileError`.
    func write(_ patient: MIMIC4Patient, number: Int, firstAdmission: Int) throws {
        var noise = MeasurementNoise(
            RandomStream(
                seed: seed, purpose: .synthesis, epoch: MIMIC4Patient.epoch, step: number, layer: 1))
        var last = patient.start - 180 * Seconds.day
        for (place, visit) in patient.history.visits.enumerated() {
            try writeOutside(patient, from: last, to: visit.start, &noise)
            let shifts = printed.shifts(severity: visit.severity)
            let length = visit.end - visit.start
            let draws =
                1 + Int(Double(length) / Double(Seconds.day) * Self.drawsPerDay) + noise.below(2)
            for draw in 0..<draws {
                let time =
                    visit.start + (length * draw + noise.below(max(1, length * 4 / 5))) / draws / 60 * 60
                let gain = Int(visit.severity.rounded())
                try writeDraw(
                    patient, admission: firstAdmission + place, time: time, shifts, gain: gain, &noise)
            }
            last = visit.end
        }
        if patient.died == nil || patient.history.visits.isEmpty {
            try writeOutside(patient, from: last, to: last + 200 * Seconds.day, &noise)
        }
    }

    /// Draws without an admission.
    private func writeOutside(
        _ patient: MIMIC4Patient, from: Int, to: Int, _ noise: inout MeasurementNoise
    ) throws {
        let count = Int(Self.drawsBetween * 2 * Double(noise.word()) * 0x1p-32 + 0.5)
        guard to - from > 3 * Seconds.day, count > 0 else { return }
        let shifts = printed.shifts(severity: 0)
        let (start, length) = (from + Seconds.day, to - from - 2 * Seconds.day)
        for draw in 0..<count {
            let time = start + (length * draw + noise.below(min(length, 1 << 31))) / count / 60 * 60
            try writeDraw(patient, admission: nil, time: time, shifts, gain: 0, &noise)
        }
    }

    /// All panels of one charttime, each from a specimen of its own.
    private func writeDraw(
        _ patient: MIMIC4Patient, admission: Int?, time: Int, _ shifts: [Int], gain: Int,
        _ noise: inout MeasurementNoise
    ) throws {
        var choice = noise.word()
        let isUrgent = MeasurementNoise.byte(&choice) < (admission == nil ? 20 : 140)
        for panel in Panel.chosen(from: panels, gain: gain, noise: &noise) {
            setFrame(patient, admission, time, isQuick: panel.isQuick, isUrgent: isUrgent, noise.word())
            try printed.write(
                panel.items, first: lastEvent + 1, frame: frame, shifts: shifts, noise: &noise, to: events)
            lastEvent += panel.items.count
        }
    }

    private func setFrame(
        _ patient: MIMIC4Patient, _ admission: Int?, _ time: Int, isQuick: Bool, isUrgent: Bool,
        _ choice: UInt32
    ) {
        var choice = choice
        lastSpecimen += 1
        frame.a.set { cursor in
            cursor.byte(0x2C)
            cursor.number(patient.subjectID)
            cursor.byte(0x2C)
            if let admission { cursor.number(admission) }
            cursor.byte(0x2C)
            cursor.number(lastSpecimen)
            cursor.byte(0x2C)
        }
        let hasProvider = MeasurementNoise.byte(&choice) < 40
        let isStored = MeasurementNoise.byte(&choice) >= 2
        let minutes = (isQuick ? 2 : 30) + MeasurementNoise.byte(&choice) * (isQuick ? 8 : 100) / 256
        frame.b.set { cursor in
            cursor.byte(0x2C)
            if hasProvider { MIMIC4Tables.provider(Int(choice) * 5, &cursor) }
            cursor.byte(0x2C)
            cursor.time(time)
            cursor.byte(0x2C)
            if isStored { cursor.time(time + minutes * 60) }
            cursor.byte(0x2C)
        }
        frame.c.set { cursor in
            cursor.bytes(isUrgent ? Self.urgent : Self.routine)
            cursor.byte(0x2C)
        }
    }

    private static let urgent = Array("STAT".utf8)
    private static let routine = Array("ROUTINE".utf8)
}

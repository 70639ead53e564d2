import Groundwork

/// `icu/chartevents` and `icu/d_items`: vital signs about every hour of a stay, consciousness every fourth.
final class MIMIC4Chart {
    private let items: TableWriter
    private let events: TableWriter
    private let printed: PrintedAnalytes
    private let hourly: Panel
    private let fourHourly: Panel
    private let daily: Panel
    private let frame = RowFrame()

    /// The tables, to be ended together with the others.
    var tables: [TableWriter] { [items, events] }

    init(_ options: CorpusOptions) throws {
        items = try TableWriter(
            path: "\(options.output)/icu/d_items",
            header:
                "itemid,label,abbreviation,linksto,category,unitname,param_type,lownormalvalue,highnormalvalue",
            options: options)
        events = try TableWriter(
            path: "\(options.output)/icu/chartevents",
            header:
                "subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,itemid,value,valuenum,valueuom,"
                + "warning",
            options: options)
        let analytes = AnalyteCatalog.vitalSigns
        func panel(_ items: [Int]) -> Panel { Panel(share: 256, among: analytes, items: items) }
        hourly = panel([220045, 220179, 220180, 220181, 220210, 220277])
        fourHourly = panel([220739, 223761, 223900, 223901])
        daily = panel([224639])
        printed = PrintedAnalytes(analytes) { analyte, value in
            let text = value.map(analyte.text) ?? ""
            let warning = analyte.item % 2 == 0 ? 0 : 1
            return .init(head: Array("\(analyte.item),\(text),\(text),\(analyte.unit),\(warning)".utf8))
        }
        for analyte in analytes {
            items.beginRow()
            items.number(analyte.item)
            let texts = [
                "\(analyte.label)", "\(analyte.label)", "chartevents", "\(analyte.category)",
                "\(analyte.unit)",
            ]
            for text in texts { items.raw(csvField(text)) }
            items.text("Numeric")
            items.null(2)
            try items.endRow()
        }
    }

    /// Writes what was charted in a stay; throws `FileError`.
    func write(
        _ patient: MIMIC4Patient, admission: Int, stay: Int, from: Int, to: Int, severity: Double,
        stream: RandomStream
    ) throws {
        var noise = MeasurementNoise(stream)
        let shifts = printed.shifts(severity: severity)
        for (hour, time) in stride(from: from, to: to, by: Seconds.hour).enumerated() {
            let caregiver = 1000 + noise.below(60_000)
            let chartTime = time / 60 * 60 + noise.below(20) * 60
            setFrame(patient, admission, stay, caregiver, chartTime, storedAfter: 1 + noise.below(40))
            for (panel, hours) in [(hourly, 1), (fourHourly, 4), (daily, 24)] where hour % hours == 0 {
                try printed.write(
                    panel.items, first: nil, frame: frame, shifts: shifts, noise: &noise, to: events)
            }
        }
    }

    private func setFrame(
        _ patient: MIMIC4Patient, _ admission: Int, _ stay: Int, _ caregiver: Int, _ time: Int,
        storedAfter minutes: Int
    ) {
        frame.a.set { cursor in
            for number in [patient.subjectID, admission, stay, caregiver] {
                cursor.number(number)
                cursor.byte(0x2C)
            }
            cursor.time(time)
            cursor.byte(0x2C)
            cursor.time(time + minutes * 60)
            cursor.byte(0x2C)
        }
    }
}

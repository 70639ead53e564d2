import Groundwork

/// `measurement` of OMOP: vital signs and panels of laboratory results.
final class OMOPMeasurements {
    /// The table, to be ended together with the others.
    let table: TableWriter
    private let printed: PrintedAnalytes
    private let panels: [Panel]
    private let frame = RowFrame()
    private var last = 0
    private static let drawsPerDay = 0.8

    init(_ options: CorpusOptions) throws {
        table = try TableWriter(
            path: "\(options.output)/measurement",
            header: "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,"
                + "measurement_time,measurement_type_concept_id,operator_concept_id,value_as_number,"
                + "value_as_concept_id,unit_concept_id,range_low,range_high,provider_id,visit_occurrence_id,"
                + "visit_detail_id,measurement_source_value,measurement_source_concept_id,unit_source_value,"
                + "unit_source_concept_id,value_source_value,measurement_event_id,meas_event_field_concept_id",
            options: options)
        let analytes = (AnalyteCatalog.vitalSigns + AnalyteCatalog.laboratory).filter { $0.concept > 0 }
        panels =
            [
                Panel(
                    share: 256, among: analytes, items: [220045, 220179, 220180, 220210, 220277, 224639])
            ] + Panel.laboratory(analytes)
        printed = PrintedAnalytes(analytes) { analyte, value in
            let text = value.map(analyte.text) ?? ""
            return .init(
                head: Array("\(analyte.concept)".utf8),
                middle: Array(
                    "\(text),0,\(Self.unitConcept("\(analyte.unit)")),\(analyte.low),\(analyte.high),".utf8),
                tail: Array(",\(analyte.loinc),\(analyte.concept),\(analyte.unit),,\(text),,".utf8))
        }
    }

    private static func unitConcept(_ unit: String) -> Int {
        let known = [
            "mEq/L": 9557, "mmol/L": 8753, "mg/dL": 8840, "g/dL": 8713, "%": 8554, "mm Hg": 8876,
            "mmHg": 8876, "kg": 9529, "IU/L": 8923, "fL": 8583, "pg": 8564, "sec": 8555, "bpm": 8541,
        ]
        return known[unit] ?? 0
    }

    /// Writes what was measured in a visit; throws `FileError`.
    func write(
        _ visit: PatientHistory.Visit, person: Int, visit id: Int, _ noise: inout MeasurementNoise
    ) throws {
        let shifts = printed.shifts(severity: visit.severity)
        let length = visit.end - visit.start
        let draws = 1 + Int(Double(length) / Double(Seconds.day) * Self.drawsPerDay) + noise.below(2)
        frame.a.set { cursor in
            cursor.byte(0x2C)
            cursor.number(person)
            cursor.byte(0x2C)
        }
        frame.c.set { cursor in
            for (place, number) in [1 + id % 400, id, 1_000_000 + id].enumerated() {
                if place > 0 { cursor.byte(0x2C) }
                cursor.number(number)
            }
        }
        for draw in 0..<draws {
            setTime(visit.start + (length * draw + noise.below(max(1, length * 4 / 5))) / draws / 60 * 60)
            let gain = Int(visit.severity.rounded())
            for panel in Panel.chosen(from: panels, gain: gain, noise: &noise) {
                try printed.write(
                    panel.items, first: last + 1, frame: frame, shifts: shifts, noise: &noise, to: table)
                last += panel.items.count
            }
        }
    }

    private func setTime(_ time: Int) {
        frame.b.set { cursor in
            cursor.byte(0x2C)
            cursor.time(time, clock: false)
            cursor.byte(0x2C)
            cursor.time(time)
            cursor.byte(0x2C)
            cursor.timeOfDay(time)
            cursor.bytes(Self.kind)
        }
    }

    /// `measurement_type_concept_id` and `operator_concept_id` between commas.
    private static let kind = Array(",38000267,0,".utf8)
}

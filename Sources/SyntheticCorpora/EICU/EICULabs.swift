import Groundwork

/// `lab` of eICU: panels at clustered offsets.
final class EICULabs {
    /// The table, to be ended together with the others.
    let table: TableWriter
    private let printed: PrintedAnalytes
    private let panels: [Panel]
    private let frame = RowFrame()
    private var lastLab = 50_000_000
    private static let drawsPerDay = 2.6

    init(_ options: CorpusOptions) throws {
        table = try TableWriter(
            path: "\(options.output)/lab",
            header: "labid,patientunitstayid,labresultoffset,labtypeid,labname,labresult,labresulttext,"
                + "labmeasurenamesystem,labmeasurenameinterface,labresultrevisedoffset",
            options: options)
        let analytes = AnalyteCatalog.laboratory.filter { $0.eicu.utf8CodeUnitCount > 0 }
        panels = Panel.laboratory(analytes)
        printed = PrintedAnalytes(analytes) { analyte, value in
            let kind = ["Chemistry": 1, "Hematology": 3, "Blood Gas": 7]["\(analyte.category)"] ?? 4
            let text = value.map(analyte.text) ?? ""
            let number = analyte.decimals == 0 && value != nil ? "\(text).0" : text
            return .init(
                head: Array("\(kind),\(analyte.eicu),\(number),\(text),\(analyte.unit),\(analyte.unit),".utf8)
            )
        }
    }

    /// Writes the results of a stay; throws `FileError`.
    func write(_ visit: PatientHistory.Visit, stay: Int, _ noise: inout MeasurementNoise) throws {
        let shifts = printed.shifts(severity: visit.severity)
        let minutes = (visit.end - visit.start) / 60
        let draws = 1 + Int(Double(minutes) / 1440 * Self.drawsPerDay) + noise.below(2)
        for draw in 0..<draws {
            let offset = (minutes * draw + noise.below(max(1, minutes * 4 / 5))) / draws - 60
            let chosen = Panel.chosen(from: panels, gain: Int(visit.severity.rounded()), noise: &noise)
            frame.a.set { cursor in
                cursor.byte(0x2C)
                cursor.number(stay)
                cursor.byte(0x2C)
                cursor.number(offset)
                cursor.byte(0x2C)
            }
            for panel in chosen {
                let revised = offset + (panel.isQuick ? 2 : 25) + noise.below(panel.isQuick ? 10 : 80)
                frame.b.set { $0.number(revised) }
                try printed.write(
                    panel.items, first: lastLab + 1, frame: frame, shifts: shifts, noise: &noise, to: table)
                lastLab += panel.items.count
            }
        }
    }
}

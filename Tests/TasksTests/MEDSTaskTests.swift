import ClinicalData
import Groundwork
import Testing

@testable import Tasks

@Suite struct MEDSTaskTests {
    private func events(_ rows: [(code: String?, time: String?, stay: String?)]) -> HandMadeEvents {
        var events = HandMadeEvents()
        for row in rows {
            var values: [String: String] = [:]
            values["code"] = row.code
            values["hadm_id"] = row.stay
            events.add("meds", "1", at: row.time, values)
        }
        return events
    }

    @Test func takesWhatIsRecordedFromAdmissionUntilDischargeWithoutWhatTellsTheEnd() throws {
        let found = try events([
            ("GENDER//F", nil, nil), ("before", "2180-01-01 09:59:59", nil),
            ("HOSPITAL_ADMISSION//URGENT", "2180-01-01 10:00:00", "5"), ("a", "2180-01-01 10:00:00", "6"),
            ("HOSPITAL_DISCHARGE//HOME", "2180-01-01 23:00:00", "5"),
            ("MEDS_DEATH", "2180-01-02 11:00:00", nil),
            (nil, "2180-01-02 11:30:00", "5"), ("b", "2180-01-02 11:59:59", nil),
            ("c", "2180-01-02 12:00:00", "5"),
            ("HOSPITAL_DISCHARGE//DIED", "2180-01-02 12:00:00", "5"),
        ]).extraction(InHospitalMortalityMEDS())
        #expect(found.samples.map(\.visit) == ["5"])
        #expect(found.samples.first?.codes["codes"] == ["HOSPITAL_ADMISSION//URGENT", "a", "b"])
        #expect(found.samples.first?.labels["mortality"] == 1)
    }

    @Test func ordersStaysByAdmissionAndLeavesOutThoseWithoutBothEnds() throws {
        let found = try events([
            ("HOSPITAL_ADMISSION", "2180-03-01 00:00:00", "late"),
            ("HOSPITAL_ADMISSION", "2180-01-01 00:00:00", "early"),
            ("HOSPITAL_DISCHARGE//HOME", "2180-03-02 00:00:00", "late"),
            ("HOSPITAL_DISCHARGE//HOME", "2180-01-01 00:00:01", "early"),
            ("HOSPITAL_ADMISSION", "2180-04-01 00:00:00", "open"),
            ("HOSPITAL_DISCHARGE//DIED", "2180-05-01 00:00:00", "no beginning"),
            ("HOSPITAL_ADMISSION", "2180-06-01 00:00:00", "empty"),
            ("HOSPITAL_DISCHARGE//DIED", "2180-06-01 00:00:00", "empty"),
            ("HOSPITAL_ADMISSION", nil, "no time"), ("HOSPITAL_ADMISSION", "2180-07-01 00:00:00", nil),
        ]).extraction(InHospitalMortalityMEDS())
        #expect(found.samples.map(\.visit) == ["early", "late"])
        #expect(found.samples.map { $0.labels["mortality"] } == [0, 0])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 2, 1, 0, 0, 0])
    }

    @Test(arguments: [(1.0, 1), (24, 1), (47.9, 2), (48, 0)])
    func looksAtTheFirstHoursOfLongerStaysOnly(hours: Double, codes: Int) throws {
        let task = try makeTask(
            "{name: InHospitalMortalityMEDS, observation_window: first_hours, window_hours: \(hours)}")
        let found = try events([
            ("HOSPITAL_ADMISSION", "2180-01-01 00:00:00", "5"), ("a", "2180-01-02 00:00:00", nil),
            ("HOSPITAL_DISCHARGE//DIED", "2180-01-03 00:00:00", "5"),
        ]).extraction(task)
        #expect(found.samples.map { $0.codes["codes"]?.count } == (codes == 0 ? [] : [codes]))
        #expect(found.attrition.exclusions.map(\.visits) == [0, 0, 0, codes == 0 ? 1 : 0, 0, 0])
    }

    @Test(arguments: [
        ("observation_window: half", "config.unknown-value"), ("window_hours: -1", "config.range"),
    ])
    func refusesWrongOptions(line: String, code: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: InHospitalMortalityMEDS\n\(line)")
        }
        #expect(error?.code == code)
    }
}

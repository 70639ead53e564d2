import Datasets
import Foundation
import SyntheticCorpora
import TestSupport
import Testing

/// The corpora are as dense as the data sets they look like.
@Suite struct SyntheticDensityTests {
    /// The item ids of the StageNet tasks.
    static let stageNetItems = [
        50824, 52455, 50983, 52623, 50822, 52452, 50971, 52610, 50806, 52434, 50902, 52535, 50803, 50804,
        50809,
        52027, 50931, 52569, 50808, 51624, 50960, 50868, 52500, 52031, 50964, 51701, 50970,
    ]

    private func isNear(_ value: Double, _ wanted: Double, _ tolerance: Double) -> Bool {
        abs(value / wanted - 1) <= tolerance
    }

    @Test func mimic4HasTheDensitiesOfFullSize() throws {
        let corpus = try MadeCorpus(.mimic4, patients: 700) { $0.chartEvents = false }
        func lines(_ name: String) throws -> Double {
            Double(try corpus.tables()[name]?.count { $0 == 0x0A } ?? 0) - 1
        }
        let admissions = try lines("hosp/admissions.csv")
        #expect(admissions == Double(corpus.summary.visits))
        // 315 460 patients, 454 324 admissions, 5.0 M diagnoses, 124 M laboratory events.
        #expect(isNear(admissions / 700, 1.44, 0.12))
        #expect(isNear(try lines("hosp/diagnoses_icd.csv") / admissions, 11, 0.06))
        #expect(isNear(try lines("hosp/labevents.csv") / admissions, 273, 0.12))
        #expect(isNear(try lines("hosp/prescriptions.csv") / admissions, 36, 0.12))
        #expect(isNear(try lines("icu/icustays.csv") / admissions, 0.17, 0.3))
    }

    @Test func mimic4LabsAreClusteredAndHaveTheFaultsOfRealOnes() throws {
        let corpus = try MadeCorpus(.mimic4, patients: 150) { $0.chartEvents = false }
        let rows = try corpus.rows("hosp/labevents.csv").dropFirst()
        let count = Double(rows.count)
        let missingItems = Set(Self.stageNetItems).subtracting(rows.compactMap { Int($0[4]) })
        #expect(missingItems.isEmpty, "\(missingItems)")
        let times = Set(rows.map { "\($0[1]) \($0[6])" }).count
        #expect((12...40).contains(count / Double(times)))
        #expect((0.1...0.4).contains(Double(rows.count { $0[2].isEmpty }) / count))
        #expect((0.01...0.12).contains(Double(rows.count { $0[9].isEmpty }) / count))
        #expect((0.001...0.03).contains(Double(rows.count { $0[7].isEmpty }) / count))
        // Texts of equal form are ordered as their times are.
        #expect(rows.allSatisfy { $0[7].isEmpty || $0[6] < $0[7] })
    }

    @Test func mimic4HasBothICDVersionsByTheYearsOfThePatient() throws {
        let corpus = try MadeCorpus(.mimic4, patients: 300) { $0.chartEvents = false }
        let groups = Dictionary(
            uniqueKeysWithValues: try corpus.rows("hosp/patients.csv").dropFirst().map { ($0[0], $0[4]) })
        var tenth: [Substring: (count: Int, all: Int)] = [:]
        for row in try corpus.rows("hosp/diagnoses_icd.csv").dropFirst() {
            let group = try #require(groups[row[0]])
            tenth[group, default: (0, 0)].count += row[4] == "10" ? 1 : 0
            tenth[group, default: (0, 0)].all += 1
        }
        let shares = tenth.mapValues { Double($0.count) / Double($0.all) }
        #expect(shares["2017 - 2019"] == 1)
        #expect((shares["2008 - 2010"] ?? 1) < 0.1)
        #expect(["2011 - 2013", "2014 - 2016"].allSatisfy { (shares[$0] ?? 0) < 0.95 })
    }

    @Test func sickerPatientsHaveWorseLabsAndDieMore() throws {
        let corpus = try MadeCorpus(.mimic4, patients: 700) { $0.chartEvents = false }
        let dying = Set(
            try corpus.rows("hosp/admissions.csv").dropFirst().filter { $0.last == "1" }.map { $0[1] })
        #expect(dying.count > 5)
        var sums: [Bool: (sum: Double, count: Double)] = [:]
        for row in try corpus.rows("hosp/labevents.csv") where row[4] == "50882" && !row[2].isEmpty {
            guard let value = Double(row[9]) else { continue }
            sums[dying.contains(row[2]), default: (0, 0)].sum += value
            sums[dying.contains(row[2]), default: (0, 0)].count += 1
        }
        let (dead, alive) = (try #require(sums[true]), try #require(sums[false]))
        // Bicarbonate falls by half a standard deviation (2.2 mEq/L) per unit of severity.
        #expect(dead.sum / dead.count < alive.sum / alive.count - 0.5)
        #expect(corpus.summary.bestInHospitalAUC.map { $0 > 0.7 && $0 < 1 } == true)
        #expect(corpus.summary.bestAnyStayAUC.map { $0 > 0.7 && $0 < 1 } == true)
    }

    @Test func eicuHasTheDensitiesOfTheFullDataSet() throws {
        let corpus = try MadeCorpus(.eicu, patients: 500)
        let stays = Double(corpus.summary.visits)
        func perStay(_ name: String) throws -> Double {
            Double(try corpus.tables()[name]?.count { $0 == 0x0A } ?? 0) / stays
        }
        // 139 367 patients, 200 859 stays, 39.1 M labs, 2.7 M diagnoses, 3.7 M treatments, 7.3 M medications.
        #expect(isNear(stays / 500, 1.44, 0.1))
        #expect(isNear(try perStay("lab.csv"), 195, 0.2))
        #expect(isNear(try perStay("diagnosis.csv"), 13.5, 0.15))
        #expect(isNear(try perStay("treatment.csv"), 18.4, 0.15))
        #expect(isNear(try perStay("medication.csv"), 36.3, 0.15))
    }

    @Test func omopDeathsAreOfPatientsWhoseLastVisitEndedThen() throws {
        let corpus = try MadeCorpus(.omop, patients: 300)
        let deaths = try corpus.rows("death.csv").dropFirst()
        #expect(deaths.count > 5)
        var ends: [Substring: Substring] = [:]
        for row in try corpus.rows("visit_occurrence.csv").dropFirst() { ends[row[1]] = row[6] }
        #expect(deaths.allSatisfy { ends[$0[0]] == $0[2] })
    }
}

import Batching
import Foundation
import Groundwork
import TestSupport
import Testing

/// Splits have PyHealth's parts and never divide a patient.
@Suite struct SplitTests {
    /// Every three-part case of every `splitters.json`.
    static let cases: [JSONValue] = References.entries("processors").filter {
        $0.lastPathComponent == "splitters.json"
    }.flatMap { (try? JSONValue.load($0).items) ?? [] }.filter {
        ["split_by_patient", "split_by_visit", "split_by_sample"].contains($0["function"].text ?? "")
    }

    @Test(.enabled(if: References.available)) func arePyHealths() throws {
        #expect(!Self.cases.isEmpty)
        for (number, one) in Self.cases.enumerated() {
            let ratios = one["ratios"].items.compactMap(\.number)
            let seed = UInt64(one["seed"].number ?? 0)
            let count = Int(one["n"].number ?? 0)
            func split() throws -> [SplitPart] {
                guard one["function"].text == "split_by_patient" else {
                    return try Split.bySample(count, ratios: ratios, seed: seed)
                }
                return try Split.byPatient(
                    numbered(one["patients"].items.compactMap(\.text)), ratios: ratios, seed: seed)
            }
            guard one["error"] == .null else {
                #expect(throws: BatchingError.self, "case \(number)") { try split() }
                continue
            }
            let parts = try split()
            for (part, samples) in zip(SplitPart.allCases, one["result"].items) {
                let expected = Set(samples.items.compactMap { $0.number.map { Int($0) } })
                #expect(
                    Set(parts.indices.filter { parts[$0] == part }) == expected, "case \(number), \(part)")
            }
        }
    }

    @Test(arguments: 1...50) func countsAreExactAndPatientsStayWhole(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        let people = 1 + stream.nextInt(below: 300)
        let patients = (0..<people).flatMap { patient in
            Array(repeating: patient, count: 1 + stream.nextInt(below: 5))
        }
        let parts = try Split.byPatient(patients, ratios: [0.7, 0.1, 0.2], seed: seed)
        try Split.checkNoPatientTwice(patients, parts)
        func count(_ part: SplitPart) -> Int {
            Set(zip(patients, parts).filter { $1 == part }.map(\.0)).count
        }
        #expect(count(.train) == Int(Double(people) * 0.7), "seed \(seed)")
        #expect(count(.val) == Int(Double(people) * (0.7 + 0.1)) - Int(Double(people) * 0.7), "seed \(seed)")
        #expect(count(.train) + count(.val) + count(.test) == people, "seed \(seed)")
    }

    @Test func aPatientInTwoPartsIsRefused() {
        let error = #expect(throws: BatchingError.self) {
            try Split.checkNoPatientTwice([0, 1, 0], [.train, .val, .test])
        }
        #expect(error == .leakage(patients: 1))
    }

    @Test(arguments: [[0.5, 0.5, 0.5], [0.7, 0.3], [1.2, -0.1, -0.1], [0, 0, 0]])
    func ratiosThatAreNoneAreRefused(ratios: [Double]) {
        #expect(throws: BatchingError.badRatios(ratios)) { try Split.bySample(10, ratios: ratios, seed: 0) }
    }

    /// Patients as numbers in order of first sample.
    private func numbered(_ patients: [String]) -> [Int] {
        var numbers: [String: Int] = [:]
        return patients.map { patient in
            let number = numbers[patient] ?? numbers.count
            numbers[patient] = number
            return number
        }
    }
}

/// Which part of the data a sample belongs to.
package enum SplitPart: Int32, Sendable, CaseIterable {
    case train, val, test

    /// The part's name in files: `train`, `val`, `test`.
    package var name: String { "\(self)" }
}

/// Divides samples into train, validation and test; a function of counts, ids, ratios and seed alone.
///
/// With the same seed the parts are those of PyHealth's `split_by_patient`, `split_by_visit` and
/// `split_by_sample` (whose generator is ``NumPyGenerator``): shuffled units, cut at int(n·r₀) and int(n·(r₀+r₁)).
package enum Split {
    /// One part per sample, patients kept together; `patients` holds the patient of every sample as a number,
    /// counted from 0 in order of first sample.
    ///
    /// Throws ``BatchingError/badRatios(_:)``.
    package static func byPatient(_ patients: [Int], ratios: [Double], seed: UInt64) throws -> [SplitPart] {
        let count = (patients.max() ?? -1) + 1
        let parts = try assign(count, ratios, seed)
        let assigned = patients.map { parts[$0] }
        try checkNoPatientTwice(patients, assigned)
        return assigned
    }

    /// One part per sample; samples (or visits, which are samples here) are shuffled one by one.
    ///
    /// Throws ``BatchingError/badRatios(_:)``.
    package static func bySample(_ count: Int, ratios: [Double], seed: UInt64) throws -> [SplitPart] {
        try assign(count, ratios, seed)
    }

    /// Throws ``BatchingError/leakage(patients:)`` if samples of one patient are in different parts.
    package static func checkNoPatientTwice(_ patients: [Int], _ parts: [SplitPart]) throws {
        var first: [SplitPart?] = Array(repeating: nil, count: (patients.max() ?? -1) + 1)
        var leaking = Set<Int>()
        for (patient, part) in zip(patients, parts) {
            if let other = first[patient], other != part { leaking.insert(patient) }
            first[patient] = part
        }
        guard leaking.isEmpty else { throw BatchingError.leakage(patients: leaking.count) }
    }

    private static func assign(_ count: Int, _ ratios: [Double], _ seed: UInt64) throws -> [SplitPart] {
        guard ratios.count == 3, ratios.allSatisfy({ $0 >= 0 }), abs(ratios.reduce(0, +) - 1) < 1e-9 else {
            throw BatchingError.badRatios(ratios)
        }
        var generator = NumPyGenerator(seed: seed)
        let order = generator.permutation(count)
        let first = Int(Double(count) * ratios[0])
        let second = Int(Double(count) * (ratios[0] + ratios[1]))
        var parts = [SplitPart](repeating: .test, count: count)
        for (place, unit) in order.enumerated() where place < second {
            parts[unit] = place < first ? .train : .val
        }
        return parts
    }
}

import ClinicalData

/// A hospital stay as MEDS tells it: by events whose codes begin with HOSPITAL_ADMISSION and HOSPITAL_DISCHARGE.
struct MEDSStay {
    /// The `hadm_id`.
    let id: Symbol
    /// The earliest admission.
    var admitted: Timestamp?
    /// The latest discharge; of several at one time the first in the file.
    var discharged: Timestamp?
    /// The code of that discharge.
    var dischargeCode: Symbol?

    /// The stays of a patient by time of admission, those without one first, ties in order of appearance; events without
    /// `hadm_id` or without a time are no part of a stay.
    static func all(of patient: Patient, _ kinds: MEDSCodeKinds) -> [MEDSStay] {
        var stays: [MEDSStay] = []
        var places: [Symbol: Int] = [:]
        for event in patient.events("meds") {
            guard let code = event.symbol("code"), let kind = kinds.kind(of: code), kind != .death,
                let id = event.symbol("hadm_id"), let time = event.timestamp
            else { continue }
            let place = places[id] ?? stays.count
            if place == stays.count {
                places[id] = place
                stays.append(MEDSStay(id: id))
            }
            stays[place].add(kind, code, time)
        }
        let key = { (stay: MEDSStay) in stay.admitted?.milliseconds ?? Timestamp.missing }
        return stays.enumerated().sorted { (key($0.1), $0.0) < (key($1.1), $1.0) }.map(\.element)
    }

    private init(id: Symbol) { self.id = id }

    private mutating func add(_ kind: MEDSCodeKinds.Kind, _ code: Symbol, _ time: Timestamp) {
        switch kind {
        case .admission: admitted = admitted.map { min($0, time) } ?? time
        case .discharge:
            guard discharged.map({ time > $0 }) ?? true else { return }
            discharged = time
            dischargeCode = code
        case .death: break
        }
    }
}

/// Which of a shard's codes speak of admission, discharge and death.
struct MEDSCodeKinds {
    enum Kind: CaseIterable { case admission, discharge, death }

    private let symbols: SymbolTable

    init(_ symbols: SymbolTable) { self.symbols = symbols }

    /// What the beginning of a code says, nil for any other code.
    func kind(of code: Symbol) -> Kind? {
        symbols.withBytes(of: code) { bytes in Kind.allCases.first { bytes.starts(with: Self.prefix($0)) } }
    }

    private static func prefix(_ kind: Kind) -> String.UTF8View {
        switch kind {
        case .admission: "HOSPITAL_ADMISSION".utf8
        case .discharge: "HOSPITAL_DISCHARGE".utf8
        case .death: "MEDS_DEATH".utf8
        }
    }
}

/// The laboratory items of the MIMIC-IV tasks: 27 item ids in ten groups, each in order of priority.
enum LabItems {
    /// Item ids by group: sodium, potassium, chloride, bicarbonate, glucose, calcium, magnesium, anion gap, osmolality,
    /// phosphate.
    ///
    /// Serum bicarbonate 50882 and calcium 50893 are not among them, as in PyHealth.
    static let groups: [[String]] = [
        ["50824", "52455", "50983", "52623"], ["50822", "52452", "50971", "52610"],
        ["50806", "52434", "50902", "52535"], ["50803", "50804"], ["50809", "52027", "50931", "52569"],
        ["50808", "51624"], ["50960"], ["50868", "52500"], ["52031", "50964", "51701"], ["50970"],
    ]
    /// The group of each item, in the order of ``groups``.
    static let groupOfItem = groups.enumerated().flatMap { group, items in items.map { _ in group } }
}

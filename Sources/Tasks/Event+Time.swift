import ClinicalData

extension Event {
    /// An attribute as a time, nil for null; throws ``TaskError/unparsableTime(table:column:)``.
    func time(_ attribute: String) throws -> Timestamp? {
        guard let text = self[attribute] else { return nil }
        guard let time = Timestamp(text) else {
            throw TaskError.unparsableTime(table: type, column: attribute)
        }
        return time
    }
}

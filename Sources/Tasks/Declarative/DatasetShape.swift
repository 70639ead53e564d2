/// What a task file is checked against: the tables of a data set with their attributes.
package struct DatasetShape: Sendable {
    /// One table.
    package struct Table: Sendable {
        let name: String
        let attributes: [String]
        let isTimed: Bool

        /// The table `name`; `isTimed` tells whether its events have a time.
        package init(_ name: String, attributes: [String], isTimed: Bool) {
            self.name = name
            self.attributes = attributes
            self.isTimed = isTimed
        }
    }

    let name: String
    let tables: [Table]

    /// The tables of the data set `name`, in its order.
    package init(name: String, tables: [Table]) {
        self.name = name
        self.tables = tables
    }
}

import Foundation

/// Tells which built-in data set a folder holds, by the headers of its files: for an error that says what is meant.
struct DatasetRecognition {
    let root: String

    /// How much of a data set's columns a folder has.
    private struct Fit: Comparable {
        /// Columns of tables that are there with all of them.
        var columns = 0
        /// Tables that are not.
        var missingTables = 0

        static func < (a: Fit, b: Fit) -> Bool {
            (a.columns, -a.missingTables) < (b.columns, -b.missingTables)
        }
    }

    /// The built-in data set that has more of its columns in the folder than `definition`; nil if there is none.
    ///
    /// Of several the one with the most columns of complete tables, then with the fewest tables that are missing, then by name.
    func better(than definition: DatasetDefinition) -> String? {
        let own = fit(of: definition)
        let others = builtInDefinitions.keys.sorted().filter { $0 != definition.name }
        var best: (name: String, fit: Fit)?
        for name in others {
            guard let other = try? DatasetDefinition.builtIn(name) else { continue }
            let fit = fit(of: other)
            if fit.columns > max(own.columns, best?.fit.columns ?? 0) || best.map({ $0.fit < fit }) == true {
                best = (name, fit)
            }
        }
        return best?.name
    }

    /// Whether the folder above has tables of the data set, and this one none.
    func isInside(_ definition: DatasetDefinition) -> Bool {
        let above = URL(fileURLWithPath: root).deletingLastPathComponent().path
        return fit(of: definition).columns == 0
            && DatasetRecognition(root: above).fit(of: definition).columns > 0
    }

    private func fit(of definition: DatasetDefinition) -> Fit {
        var fit = Fit()
        for table in definition.tables {
            if (try? ColumnSources(table: table, needs: nil, root: root)) != nil {
                fit.columns +=
                    Set(table.attributes + table.timestamp + (table.patientID.map { [$0] } ?? [])).count
            } else {
                fit.missingTables += 1
            }
        }
        return fit
    }
}

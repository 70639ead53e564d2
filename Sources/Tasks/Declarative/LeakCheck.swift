import ClinicalData
import Groundwork

/// Finds inputs that tell the label, as far as a task file shows it.
struct LeakCheck {
    let trigger: DeclarativeTrigger
    let features: [DeclarativeFeature]
    let label: DeclarativeLabel
    let selectors: [EventSelector]
    /// Whether the file says that it asks about what is over at the prediction.
    let isRetrospective: Bool
    let node: ConfigurationNode

    /// Throws `config.future-input`, `config.label-among-inputs` and `config.retrospective`.
    func check() throws {
        try checkLabelIsAhead()
        for (feature, place) in zip(features, try node.required("features").items()) {
            try check(feature, place)
        }
    }

    private var isAtEnd: Bool { trigger.prediction.anchor == .end && trigger.prediction.offset >= 0 }

    /// What is known at the prediction is no prediction.
    private func checkLabelIsAhead() throws {
        guard !isRetrospective else { return }
        let isKnown: Bool =
            switch label.source {
            case .attribute(_, let ofNext): !ofNext && isAtEnd
            case .duration(_, let to): to.resolved(trigger.prediction).isNeverLater(than: trigger.prediction)
            case .event, .nextTrigger, .measure: false
            }
        guard !isKnown else {
            throw try node.required("label").error(
                "retrospective",
                "the label is known at the prediction time. Predict earlier, or say retrospective: true if that is meant."
            )
        }
    }

    private func check(_ feature: DeclarativeFeature, _ place: ConfigurationNode) throws {
        if feature.window == nil, feature.isTimed, !isAtEnd, !isRetrospective {
            throw (place.child("window") ?? place).error(
                "future-input",
                "window: any takes events after the prediction too. Predict at: end, or give a window.")
        }
        guard let word = revealing(feature) else { return }
        throw place.error(
            "label-among-inputs",
            "the field reads \(word), of which the label is made. Take it out of the inputs, or give the field a window "
                + "that ends before the outcome.")
    }

    /// The table or attribute of `feature` that tells the label, nil if none does.
    private func revealing(_ feature: DeclarativeFeature) -> String? {
        func attribute(_ name: String?, of table: String) -> String? {
            guard let name, feature.table == table, feature.read.contains(name) else { return nil }
            return "\"\(table).\(name)\""
        }
        switch label.source {
        case .attribute(let name, let ofNext): return ofNext ? nil : attribute(name, of: trigger.table)
        case .duration(let from, let to):
            let reachesEnd = from.anchor == .end || to.anchor == .end
            return reachesEnd ? attribute(trigger.end, of: trigger.table) : nil
        case .event(let selector), .measure(let selector, _, _, _):
            let chosen = selectors[selector]
            if feature.window == nil, feature.table == chosen.table, feature.isTimed {
                return "all of table \"\(chosen.table)\""
            }
            return attribute(chosen.time, of: chosen.table)
        case .nextTrigger: return nil
        }
    }
}

/// Judges whether everything served again in time behind the last disturbance.
package struct Recovery: Sendable {
    package private(set) var violations: [Violation] = []
    /// Projects' stores that were looked at.
    package private(set) var checked = 0

    /// - Parameter last: when the last disturbance ended.
    package init(_ history: History, after last: Duration, _ scenario: Scenario, places: [String: Int]) {
        struct Place: Hashable {
            var project: String
            var store: Store
        }
        let limit = last + scenario.heals
        var served: Set<Place> = []
        var failed: [Place: String] = [:]
        for entry in history.entries where entry.ended >= last {
            let place = Place(project: entry.key.project, store: entry.key.store)
            if case .failed(let reason) = entry.outcome {
                if entry.ended > limit { failed[place] = failed[place] ?? "\(reason), at \(entry.ended.inSeconds)" }
            } else if entry.ended <= limit + .seconds(8 / scenario.rate) {
                served.insert(place)
            }
        }
        for project in places.keys.sorted() {
            for store in scenario.stores {
                checked += 1
                let place = Place(project: project, store: store)
                if let reason = failed[place] {
                    violations.append(Violation(.heals, "\(project)/\(store.rawValue) still fails: \(reason)"))
                } else if !served.contains(place) {
                    violations.append(Violation(.heals, "\(project)/\(store.rawValue) was not served again"))
                }
            }
        }
    }
}

/// Judges what was noticed outside the blast radius of what was done.
package struct ServiceLevel: Sendable {
    package struct Figures: Hashable, Sendable {
        package var requests = 0
        /// The 99th percentile.
        package var p99 = Duration.zero
        package var median = Duration.zero
    }

    /// Failures that no disturbance explains.
    package private(set) var violations: [Violation] = []
    package private(set) var explained = 0
    package private(set) var quiet: [Store: Figures] = [:]
    package private(set) var outside: [Store: Figures] = [:]
    /// The same of the peer, that nothing is done to; empty without one.
    package private(set) var peerQuiet: [Store: Figures] = [:]
    package private(set) var peerOutside: [Store: Figures] = [:]
    /// For how long the machine had time for the clusters; only then is it judged how quick they are.
    package private(set) var judgedSeconds = 0
    /// How many samples a percentile needs to be judged.
    package static let samplesMin = 200

    /// - Parameters:
    ///   - places: a project's place in the run by its id.
    ///   - peer: what clients of an undisturbed cluster saw on the same machine at the same time. By how much that
    ///     became slower, this may too: it was the machine.
    package init(
        _ history: History, _ inflicted: [Inflicted], _ scenario: Scenario, places: [String: Int],
        peer: History = History()
    ) {
        let done = InflictedIndex(inflicted)
        let calm = CalmMoments(peer, quiet: scenario.quiet)
        judgedSeconds = calm.seconds(until: history.entries.map(\.ended).max() ?? .zero)
        var own = Samples(scenario, calm)
        for (entry, isAwake) in Self.awake(history) {
            guard let project = places[entry.key.project] else { continue }
            let store = entry.key.store
            let effect = done.effect(on: project, store, from: entry.began, to: entry.ended)
            if case .failed(let reason) = entry.outcome {
                if effect == .fails || (effect == .unrepeatableFail && !store.isRepeatable) {
                    explained += 1
                } else {
                    violations.append(
                        Violation(.outsideSucceeds, "\(entry.key) \(entry.operation): \(reason)", at: entry.began))
                }
            } else if isAwake, effect == .nothing {
                own.take(entry)
            }
        }
        var undisturbed = Samples(scenario, calm)
        for (entry, isAwake) in Self.awake(peer) where isAwake && !entry.outcome.isFailure {
            // At the same moments: what reaches everyone has no outside.
            let effect = done.effect(on: nil, entry.key.store, from: entry.began, to: entry.ended)
            if effect == .nothing { undisturbed.take(entry) }
        }
        for store in scenario.stores {
            (quiet[store], outside[store]) = (own.quiet(store), own.later(store))
            (peerQuiet[store], peerOutside[store]) = (undisturbed.quiet(store), undisturbed.later(store))
            judge(store, scenario)
        }
    }

    private mutating func judge(_ store: Store, _ scenario: Scenario) {
        guard let quiet = quiet[store], let outside = outside[store], quiet.requests >= Self.samplesMin,
            outside.requests >= Self.samplesMin
        else { return }
        let base = quiet.p99 + machineDelay(store)
        let limit = max(base * scenario.latencyFactor, base + scenario.latencySlack)
        guard outside.p99 > limit else { return }
        violations.append(
            Violation(
                .outsideIsQuick,
                "\(store.rawValue): 99 % within \(outside.p99.inMilliseconds), in quiet \(quiet.p99.inMilliseconds), "
                    + "the machine's share \(machineDelay(store).inMilliseconds), allowed \(limit.inMilliseconds)"))
    }

    /// By how much the peer became slower.
    package func machineDelay(_ store: Store) -> Duration {
        guard let quiet = peerQuiet[store], let later = peerOutside[store], quiet.requests >= Self.samplesMin,
            later.requests >= Self.samplesMin
        else { return .zero }
        return max(.zero, later.p99 - quiet.p99)
    }

    /// How long nobody asked for a process after which it may sleep.
    package static let restMin = Duration.milliseconds(2500)

    /// Each entry, and whether its process was certainly awake: what waits for one to wake says nothing of how quick
    /// the others are.
    private static func awake(_ history: History) -> [(History.Entry, Bool)] {
        struct Place: Hashable {
            var project: String
            var kind: String
        }
        /// Until when somebody was served last, and until when the one that found it at rest was.
        var used: [Place: Duration] = [:]
        var waking: [Place: Duration] = [:]
        return history.entries.sorted { $0.began < $1.began }.map { entry in
            let place = Place(project: entry.key.project, kind: entry.key.store.kind)
            let last = used[place]
            let rested = last.map { entry.began - $0 >= restMin } ?? true
            if rested { waking[place] = entry.ended }
            used[place] = max(last ?? .zero, entry.ended)
            return (entry, !rested && entry.began > waking[place] ?? .zero)
        }
    }
}

/// Durations by store, before the first disturbance and later, of moments at which the machine was calm.
private struct Samples {
    let settled: Duration
    let quiet: Duration
    let moments: CalmMoments
    private var calm: [Store: [Duration]] = [:]
    private var apart: [Store: [Duration]] = [:]

    init(_ scenario: Scenario, _ moments: CalmMoments) {
        (settled, quiet, self.moments) = (scenario.settled, scenario.quiet, moments)
    }

    mutating func take(_ entry: History.Entry) {
        guard entry.operation != .list, moments.contain(entry) else { return }
        if entry.began >= settled, entry.ended <= quiet {
            calm[entry.key.store, default: []].append(entry.took)
        } else if entry.began >= quiet {
            apart[entry.key.store, default: []].append(entry.took)
        }
    }

    func quiet(_ store: Store) -> ServiceLevel.Figures { Self.figures(calm[store] ?? []) }
    func later(_ store: Store) -> ServiceLevel.Figures { Self.figures(apart[store] ?? []) }

    private static func figures(_ durations: [Duration]) -> ServiceLevel.Figures {
        guard !durations.isEmpty else { return ServiceLevel.Figures() }
        let sorted = durations.sorted()
        func at(_ percent: Double) -> Duration {
            let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
            return sorted[min(max(rank, 1), sorted.count) - 1]
        }
        return ServiceLevel.Figures(requests: sorted.count, p99: at(99), median: at(50))
    }
}

extension Duration {
    /// `12.3 ms`.
    package var inMilliseconds: String {
        let tenths = Int64((self / .microseconds(100)).rounded())
        return "\(tenths / 10).\(abs(tenths % 10)) ms"
    }

    static func * (duration: Duration, factor: Double) -> Duration {
        .nanoseconds(Int64((duration / .nanoseconds(1) * factor).rounded()))
    }
}

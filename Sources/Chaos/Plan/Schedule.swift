import Nouns

/// When what is done to whom: the same for the same scenario and seed.
package struct Schedule: Hashable, Sendable {
    /// Which of the run's projects has a disk of its own that can be filled.
    package static let smallDiskProject = 0

    package let seed: UInt64
    /// In order of time.
    package let disturbances: [Disturbance]

    /// Each form that the scenario has comes once, in a drawn order, then they come by weight. What is disturbed is
    /// left alone until it should have healed, so that each disturbance can be judged by itself.
    package init(_ scenario: Scenario, seed: UInt64) {
        var planner = Planner(scenario, seed: seed)
        (self.seed, disturbances) = (seed, planner.run())
    }
}

private struct Planner {
    let scenario: Scenario
    let forms: [Disturbance.Form]
    var random: SplitMix64
    /// Until when an instance is left alone.
    var busy: [Disturbance.Target: Duration] = [:]
    /// Until when the whole cluster is left alone by what reaches everyone.
    var shaken = Duration.zero

    init(_ scenario: Scenario, seed: UInt64) {
        (self.scenario, random) = (scenario, SplitMix64(seed: seed))
        let served = Set(scenario.stores.map(\.kind))
        forms = Disturbance.Form.allCases.filter { form in
            (scenario.weights[form] ?? 0) > 0 && (form.kinds.isEmpty || !served.isDisjoint(with: form.kinds))
        }
    }

    /// Until when some process is found by its watchdog.
    var hanging = Duration.zero
    /// Until when nothing is done to instances: they are just put to sleep, all of them.
    var asleep = Duration.zero

    mutating func run() -> [Disturbance] {
        guard !forms.isEmpty, scenario.projects > 0 else { return [] }
        var planned: [Disturbance] = []
        var first = forms.shuffled(using: &random)
        var now = scenario.quiet
        while true {
            now += pause()
            let isFirst = !first.isEmpty
            let form = first.popLast() ?? drawn()
            let radius = form.radius
            guard now + radius.holds + radius.heals <= scenario.duration else {
                // A shorter one may still fit.
                guard first.contains(where: { now + $0.radius.holds + $0.radius.heals <= scenario.duration }) else {
                    return planned
                }
                continue
            }
            // The next one gives what hangs its time anew.
            if form.endsSupervisor { now = max(now, hanging) }
            if !form.kinds.isEmpty || form == .fullDisk { now = max(now, asleep) }
            if radius.reach == .everyone {
                now = max(now, shaken)
                shaken = now + radius.holds + radius.heals * 2
            }
            // It has all instances stopped: what is just disturbed would be so twice.
            if form == .wakeStorm { now = max(now, busy.values.max() ?? .zero) }
            guard let target = target(of: form, at: now) else {
                // Later, when something is free.
                if isFirst { first.insert(form, at: 0) }
                continue
            }
            let end = now + radius.holds + radius.heals
            guard end <= scenario.duration else { continue }
            if target != .cluster { busy[target] = end + .seconds(1) }
            if form == .wakeStorm { asleep = now + radius.heals }
            if form.hangs { hanging = max(hanging, end) }
            planned.append(Disturbance(form, target, at: now, number: Int.random(in: 0..<1_000_000, using: &random)))
        }
    }

    private mutating func pause() -> Duration {
        let range = scenario.pause
        let spread = (range.upperBound - range.lowerBound) / .milliseconds(1)
        return range.lowerBound + .milliseconds(Int64.random(in: 0...Int64(spread), using: &random))
    }

    private mutating func drawn() -> Disturbance.Form {
        var rest = Int.random(in: 0..<forms.reduce(0) { $0 + scenario.weights[$1]! }, using: &random)
        for form in forms {
            rest -= scenario.weights[form]!
            if rest < 0 { return form }
        }
        return forms[0]
    }

    /// Nil when everything that it could be done to is still busy.
    private mutating func target(of form: Disturbance.Form, at now: Duration) -> Disturbance.Target? {
        if form == .fullDisk {
            let kinds = ["bundoc", "bunder"].map {
                Disturbance.Target.instance(project: Schedule.smallDiskProject, kind: $0)
            }
            guard kinds.allSatisfy({ isFree($0, now) }) else { return nil }
            for kind in kinds { busy[kind] = now + form.radius.holds + form.radius.heals + .seconds(1) }
            return .project(Schedule.smallDiskProject)
        }
        let served = Set(scenario.stores.map(\.kind))
        let kinds = form.kinds.filter { served.contains($0) }
        guard !kinds.isEmpty else { return .cluster }
        for _ in 0..<50 {
            let target = Disturbance.Target.instance(
                project: Int.random(in: 0..<scenario.projects, using: &random),
                kind: kinds[Int.random(in: 0..<kinds.count, using: &random)])
            if isFree(target, now) { return target }
        }
        return nil
    }

    private func isFree(_ target: Disturbance.Target, _ now: Duration) -> Bool { busy[target] ?? .zero <= now }
}

extension Disturbance.Form {
    fileprivate var endsSupervisor: Bool { [.killSupervisor, .killSupervisorAtCall, .reusedPID].contains(self) }
    fileprivate var hangs: Bool { [.stop, .hang, .mute].contains(self) }
}

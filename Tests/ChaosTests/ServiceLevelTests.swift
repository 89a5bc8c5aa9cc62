import ChaosPlan
import Testing

/// What is noticed outside the blast radius of what was done is held against the cluster, and nothing else.
struct ServiceLevelTests {
    private static let places = ["a": 0, "b": 1]

    private let scenario: Scenario = {
        var scenario = Scenario()
        (scenario.quiet, scenario.duration, scenario.projects) = (.seconds(10), .seconds(60), 2)
        return scenario
    }()

    private func entry(
        _ project: String, _ store: Store = .values, at began: Duration, took: Duration = .milliseconds(1),
        fails: Bool = false
    ) -> History.Entry {
        let key = History.Key(project: project, store: store, name: "k")
        return History.Entry(key, .read, fails ? .failed("503") : .absent, began, began + took)
    }

    private func level(
        _ entries: [History.Entry], _ inflicted: [Inflicted], peer: [History.Entry] = []
    ) -> ServiceLevel {
        ServiceLevel(History(entries), inflicted, scenario, places: Self.places, peer: History(peer))
    }

    private func done(
        _ form: Disturbance.Form, _ target: Disturbance.Target, at began: Duration, wasDone: Bool = true
    ) -> Inflicted {
        Inflicted(Disturbance(form, target, at: began), began, began + form.radius.holds, note: "", wasDone: wasDone)
    }

    @Test func `a failure is excused where and while its cause reaches, and where requests may not be repeated`() {
        let kill = done(.kill, .instance(project: 0, kind: "bunder"), at: .seconds(20))
        let inside = entry("a", .counters, at: .seconds(21), fails: true)
        #expect(level([inside], [kill]).violations.isEmpty)
        #expect(level([inside], [kill]).explained == 1)
        for outside in [
            entry("b", .counters, at: .seconds(21), fails: true), entry("a", .appended, at: .seconds(21), fails: true),
            entry("a", .counters, at: .seconds(19), fails: true), entry("a", .counters, at: .seconds(23), fails: true),
            // A read may be sent once more.
            entry("a", .values, at: .seconds(21), fails: true),
        ] {
            #expect(level([outside], [kill]).violations.map(\.invariant) == [.outsideSucceeds], "\(outside)")
        }
    }

    @Test func `what could not be done excuses nothing`() {
        let failed = entry("a", at: .seconds(20), fails: true)
        let front = done(.killFront, .cluster, at: .seconds(20))
        #expect(level([failed], [front]).violations.isEmpty)
        #expect(level([failed], [done(.killFront, .cluster, at: .seconds(20), wasDone: false)]).violations.count == 1)
    }

    @Test func `nobody may notice the platform's end, and a supervisor's only by waiting`() {
        for form in [Disturbance.Form.killPlatform, .killSupervisor, .stolenPort, .slowClients, .clockJump] {
            let failed = entry("a", at: .seconds(20), fails: true)
            #expect(level([failed], [done(form, .cluster, at: .seconds(20))]).violations.count == 1)
        }
    }

    /// Requests of a second in quiet and of another length behind it.
    private func traffic(quiet: Duration, later: Duration) -> [History.Entry] {
        (0..<1000).map { index in
            index < 500
                ? entry("b", at: .seconds(4) + .milliseconds(index * 10), took: quiet)
                : entry("b", at: .seconds(20) + .milliseconds(index * 20), took: later)
        }
    }

    @Test func `slower by a fifth or by five milliseconds is allowed, and no more`() {
        func slow(_ quiet: Int, _ later: Int) -> [Violation] {
            level(traffic(quiet: .milliseconds(quiet), later: .milliseconds(later)), []).violations
        }
        #expect(slow(1, 6).isEmpty)
        #expect(slow(1, 7).map(\.invariant) == [.outsideIsQuick])
        #expect(slow(100, 120).isEmpty)
        #expect(slow(100, 121).map(\.invariant) == [.outsideIsQuick])
    }

    @Test func `what became slower at the undisturbed peer too was the machine, and nothing beyond that`() {
        let quick = traffic(quiet: .milliseconds(1), later: .milliseconds(1))
        // Not so much slower that it is not judged at all.
        let peer = traffic(quiet: .milliseconds(1), later: .milliseconds(3))
        let slow = traffic(quiet: .milliseconds(1), later: .milliseconds(8))
        #expect(level(slow, [], peer: peer).violations.isEmpty)
        #expect(level(slow, [], peer: quick).violations.map(\.invariant) == [.outsideIsQuick])
        let slower = traffic(quiet: .milliseconds(1), later: .milliseconds(9))
        #expect(level(slower, [], peer: peer).violations.map(\.invariant) == [.outsideIsQuick])
    }

    @Test func `while the machine is busy nothing is judged, and what is left is`() {
        let slow = traffic(quiet: .milliseconds(1), later: .milliseconds(20))
        #expect(level(slow, [], peer: slow).violations.isEmpty)
        #expect(level(slow, [], peer: slow).outside[.values]?.requests == 0)
        // Busy for a stretch: the next one is judged.
        let calmer = slow.map { $0.began < .seconds(35) ? $0 : entry("b", at: $0.began) }
        #expect(level(slow, [], peer: calmer).violations.map(\.invariant) == [.outsideIsQuick])
        #expect(level(slow, [], peer: calmer).judgedSeconds == 15)
    }

    @Test func `the peer counts at those moments only at which there is an outside`() {
        let quick = traffic(quiet: .milliseconds(1), later: .milliseconds(1))
        let slow = traffic(quiet: .milliseconds(1), later: .milliseconds(20))
        let front = done(.killFront, .cluster, at: .seconds(31))
        let shaken = (0..<20).map { entry("peer", at: .seconds(31) + .milliseconds($0 * 10), took: .seconds(1)) }
        #expect(level(slow, [front], peer: quick + shaken).violations.map(\.invariant) == [.outsideIsQuick])
    }

    @Test func `who had to wait for a process to wake says nothing of the others`() {
        let quick = traffic(quiet: .milliseconds(1), later: .milliseconds(1))
        let waking = (0..<50).flatMap { index in
            let began = Duration.seconds(40 + index * 3)
            // One finds it asleep, the other comes while it wakes.
            return [
                entry("b", at: began, took: .milliseconds(300)),
                entry("b", at: began + .milliseconds(100), took: .milliseconds(200)),
            ]
        }
        #expect(level(quick + waking, []).violations.isEmpty)
        let awake = (0..<50).map { entry("b", at: .seconds(40) + .milliseconds($0 * 500), took: .milliseconds(300)) }
        #expect(level(quick + awake, []).violations.map(\.invariant) == [.outsideIsQuick])
    }

    @Test func `within a blast radius requests may be slow`() {
        let stop = done(.stop, .instance(project: 1, kind: "bunder"), at: .seconds(30))
        let quick = traffic(quiet: .milliseconds(1), later: .milliseconds(1))
        let slow = (0..<100).map { entry("b", at: .seconds(31) + .milliseconds($0), took: .seconds(2)) }
        #expect(level(quick + slow, [stop]).violations.isEmpty)
        #expect(level(quick + slow, []).violations.map(\.invariant) == [.outsideIsQuick])
    }

    @Test func `all is to serve again in time`() {
        let last = Duration.seconds(40)
        func recovery(_ entries: [History.Entry]) -> [Violation] {
            var scenario = scenario
            scenario.stores = [.values]
            return Recovery(History(entries), after: last, scenario, places: Self.places).violations
        }
        let served = [entry("a", at: .seconds(41)), entry("b", at: .seconds(44))]
        #expect(recovery(served).isEmpty)
        #expect(recovery(served + [entry("a", at: .seconds(43), fails: true)]).isEmpty)
        #expect(recovery(served + [entry("a", at: .seconds(46), fails: true)]).map(\.invariant) == [.heals])
        #expect(recovery([served[0]]).map(\.invariant) == [.heals])
    }
}

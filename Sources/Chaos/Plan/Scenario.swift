/// What a run is made of, from a file in `cluster/chaos`.
package struct Scenario: Hashable, Sendable {
    package var name = "standard"
    /// One sentence for people.
    package var about = ""
    /// From the first request to the last disturbance's end.
    package var duration = Duration.seconds(300)
    /// At the beginning, without disturbances: what the rest is compared with.
    package var quiet = Duration.seconds(30)
    package var projects = 100
    /// Requests a second from each client; each project has one client for each store.
    package var rate = 2.0
    package var stores = Store.allCases
    /// Between two disturbances.
    package var pause = Duration.milliseconds(300)...Duration.milliseconds(1500)
    /// How often each is chosen, in proportion; those with 0 never.
    package var weights: [Disturbance.Form: Int] = Dictionary(
        uniqueKeysWithValues: Disturbance.Form.allCases.map { ($0, $0.usualWeight) })
    /// Outside a blast radius the 99th percentile may be so many times that of quiet…
    package var latencyFactor = 1.2
    /// …or this much longer.
    package var latencySlack = Duration.milliseconds(5)
    /// After the last disturbance everything serves again within this time.
    package var heals = Duration.seconds(5)
    /// How long the status may claim a dead process alive.
    package var statusLag = Duration.seconds(1)

    package init() {}

    /// At first everything wakes: what is quick is not judged by that.
    package var settled: Duration { quiet / 3 }

    /// Requests a second from each client of a store. Lists grow with each request: fewer of those.
    package func rate(of store: Store) -> Double { store == .appended ? rate / 4 : rate }

    /// The same for the clients of the undisturbed peer, which has few projects: enough to tell a percentile from.
    package func peerRate(projects: Int) -> Double {
        let enough = Double(ServiceLevel.samplesMin) * 1.5 / max(1, (quiet - settled).seconds * Double(projects))
        return max(1, min(20, enough))
    }
}

extension Disturbance.Form {
    /// What reaches everyone is rare, so that there is an outside.
    package var usualWeight: Int {
        switch self {
        case .kill: 12
        case .killAtCall: 8
        case .wakeStorm: 1
        case .killFront, .killFrontAtCall, .killPlatform, .killSupervisor, .killSupervisorAtCall, .reusedPID: 2
        default: 3
        }
    }
}

import Nouns

/// Where one loop counts what it carries. Not shared: others get a copy of it.
package struct TrafficLedger {
    /// One project's counters; kept by whoever counts for the project, so that a request looks nothing up.
    package final class Account {
        package fileprivate(set) var traffic = ProjectTraffic()

        package func record(_ outcome: Outcome) { traffic.record(outcome) }

        /// What most outcomes are: an instance's answer at the first attempt, without waking it.
        package func recordAnswer(_ status: Int, took duration: Int64, bytesIn: Int, bytesOut: Int) {
            traffic.recordAnswer(status, took: duration, bytesIn: bytesIn, bytesOut: bytesOut)
        }
    }

    private var accounts: [ProjectID: Account] = [:]
    private var rest = Traffic()

    package init() {}

    package mutating func account(of project: ProjectID) -> Account {
        if let account = accounts[project] { return account }
        let account = Account()
        accounts[project] = account
        return account
    }

    /// A request was refused before its project was known.
    package mutating func recordStranger(_ fault: Fault) { rest.strangers[fault.code, default: 0] += 1 }

    package mutating func recordAccept(_ speech: Traffic.Speech) { rest.accepted[speech, default: 0] += 1 }

    /// - Parameter handshake: nil for none.
    package mutating func recordHandshake(_ handshake: Handshake?) {
        if let handshake { rest.handshakes[handshake, default: 0] += 1 }
    }

    package mutating func recordHTTP2Connection() { rest.http2Connections += 1 }
    package mutating func recordHTTP2Stream() { rest.http2Streams += 1 }
    package mutating func recordHTTP2Resets(_ count: UInt64) { rest.http2Resets += count }

    package mutating func recordFailedHandshake() { rest.handshakesFailed += 1 }

    /// A copy, without the projects that exist no more: these are forgotten.
    package mutating func traffic(where exists: (ProjectID) -> Bool) -> Traffic {
        accounts = accounts.filter { exists($0.key) }
        var traffic = rest
        traffic.projects = accounts.mapValues(\.traffic)
        return traffic
    }
}

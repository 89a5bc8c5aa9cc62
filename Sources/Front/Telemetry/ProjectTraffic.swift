/// What one loop has carried for one project since the front was started.
package struct ProjectTraffic: Sendable {
    /// Answers by the hundreds of their status, 1xx to 5xx.
    package private(set) var answers = [5 of UInt64](repeating: 0)
    /// Faults of the front's own, by code.
    package private(set) var faults: [String: UInt64] = [:]
    /// Requests whose client left before the answer was complete.
    package private(set) var abandoned: UInt64 = 0
    package private(set) var wakes: UInt64 = 0
    package private(set) var retries: UInt64 = 0
    /// Bytes of bodies from and to clients.
    package private(set) var bytesIn: UInt64 = 0
    package private(set) var bytesOut: UInt64 = 0
    package private(set) var latency = LatencyHistogram()

    package init() {}

    package var requests: UInt64 {
        var requests = abandoned
        for index in answers.indices { requests += answers[index] }
        return requests
    }

    package mutating func record(_ outcome: Outcome) {
        switch outcome.source {
        case .nobody: abandoned += 1
        case .instance: countAnswer(outcome.status)
        case .front(let code):
            countAnswer(outcome.status)
            faults[code, default: 0] += 1
        }
        if outcome.wake != nil { wakes += 1 }
        retries += UInt64(outcome.retries)
        measure(outcome.duration, outcome.bytesIn, outcome.bytesOut)
    }

    mutating func recordAnswer(_ status: Int, took duration: Int64, bytesIn: Int, bytesOut: Int) {
        countAnswer(status)
        measure(duration, bytesIn, bytesOut)
    }

    private mutating func measure(_ duration: Int64, _ received: Int, _ passed: Int) {
        bytesIn += UInt64(received)
        bytesOut += UInt64(passed)
        latency.record(nanoseconds: duration)
    }

    private mutating func countAnswer(_ status: Int) { answers[min(max(status / 100, 1), 5) - 1] += 1 }

    package static func += (traffic: inout ProjectTraffic, other: ProjectTraffic) {
        for index in traffic.answers.indices { traffic.answers[index] += other.answers[index] }
        traffic.faults.merge(other.faults, uniquingKeysWith: +)
        traffic.abandoned += other.abandoned
        traffic.wakes += other.wakes
        traffic.retries += other.retries
        traffic.bytesIn += other.bytesIn
        traffic.bytesOut += other.bytesOut
        traffic.latency += other.latency
    }
}

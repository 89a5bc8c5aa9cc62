import Contracts
import Nouns

/// A project's limits in the form in which each request is decided.
package struct AdmissionRules: Hashable, Sendable {
    /// Requests under way at once.
    package let requests: Int
    package let rate: GCRA?
    /// In bytes.
    package let bandwidth: GCRA?
    /// Requests that may wait.
    package let waiting: Int
    package let wait: Duration

    /// Bytes that pass at once whatever the bandwidth: less would make more system calls than traffic.
    private static let bandwidthBurstMin = 65_536

    package init(_ limits: ProjectLimits) {
        requests = limits.requests
        waiting = limits.waiting
        wait = .milliseconds(limits.wait)
        rate = limits.rate == 0 ? nil : GCRA(rate: limits.rate, burst: limits.burst == 0 ? limits.rate : limits.burst)
        bandwidth =
            limits.bandwidth == 0
            ? nil : GCRA(rate: limits.bandwidth, burst: max(limits.bandwidth, Self.bandwidthBurstMin))
    }
}

/// What an attempt to let a request in came to.
package enum Admittance: Hashable, Sendable {
    case admitted
    /// The project has as many requests under way as it may; one of them must end first.
    case full
    /// The project's rate allows the next request after so long.
    case early(by: Duration)

    /// What to answer when the request cannot wait.
    package var fault: Fault? {
        switch self {
        case .admitted: nil
        case .full: .projectBusy
        case .early(let wait): .rateExceeded(retryAfter: wait)
        }
    }
}

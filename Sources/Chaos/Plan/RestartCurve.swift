import Nouns
import Supervision

/// Judges when processes were started again, from the supervisor's events, by the policy that the cluster file states.
package struct RestartCurve: Sendable {
    /// One event of `/events`, as far as it matters here.
    package struct Event: Hashable, Sendable {
        /// Milliseconds since 1970, by the supervisor's clock.
        package var time: Int64
        package var message: String
        /// `PROJECT/KIND`.
        package var instance: String
        package var nextAttempt: Int64?

        package init(time: Int64, message: String, instance: String, nextAttempt: Int64? = nil) {
            (self.time, self.message, self.instance, self.nextAttempt) = (time, message, instance, nextAttempt)
        }
    }

    /// From the moment when a start is due until it is reported: other starts may come first.
    package static let lagMax = Duration.seconds(2)
    /// Of clocks that are read one after the other, and rounded.
    private static let grain: Int64 = 5
    /// From the decision to wait until the event tells of it, on a busy machine: by so much the wait may look shorter.
    private static let tellingMax = Duration.milliseconds(50)

    private struct Trace {
        /// Crashes in a row; nil when some were not heard of.
        var attempts: Int? = 0
        var servingSince: Int64?
        /// When the next start is due.
        var due: Int64?
    }

    private let policy: RestartPolicy
    private var traces: [String: Trace] = [:]
    /// Whether all crashes so far were heard of.
    private var isWhole = true
    package private(set) var violations: [Violation] = []
    /// Waits that were held against the curve.
    package private(set) var checked = 0

    package init(_ policy: RestartPolicy) { self.policy = policy }

    /// An instance has crashed before anybody listened, how often is not known.
    package mutating func forget(_ instance: String) { traces[instance] = Trace(attempts: nil) }

    /// Events may have been lost: what is known of instances no longer holds.
    package mutating func gap() {
        traces = [:]
        isWhole = false
    }

    package mutating func take(_ event: Event) {
        var trace = traces[event.instance] ?? Trace(attempts: isWhole ? 0 : nil)
        switch event.message {
        case "instance serving": trace.servingSince = event.time
        case "instance crashed": crashed(event, &trace)
        case "instance backing off", "instance quarantined": waits(event, &trace)
        case "instance starting": started(event, &trace)
        case "instance cleared": trace = Trace()
        // Who stops it forgets nothing of what it did.
        case "instance disabled": (trace.due, trace.servingSince) = (nil, nil)
        default: break
        }
        traces[event.instance] = trace
    }

    private func crashed(_ event: Event, _ trace: inout Trace) {
        if let since = trace.servingSince, Double(event.time - since) >= policy.resetAfter / .milliseconds(1) {
            trace.attempts = 0
        }
        (trace.attempts, trace.servingSince) = (trace.attempts.map { $0 + 1 }, nil)
        // The first attempt comes at once.
        trace.due = trace.attempts == 1 ? event.time : nil
    }

    private mutating func waits(_ event: Event, _ trace: inout Trace) {
        guard let next = event.nextAttempt else { return }
        trace.due = next
        let wait = Duration.milliseconds(next - event.time)
        let isQuarantine = event.message == "instance quarantined"
        let allowed: ClosedRange<Duration> =
            if isQuarantine {
                policy.spread(of: policy.delayMax)
            } else if let attempts = trace.attempts {
                policy.waits(beforeAttempt: attempts)
            } else {
                policy.waits(beforeAttempt: 2).lowerBound...policy.spread(of: policy.delayMax).upperBound
            }
        checked += 1
        let grain = Duration.milliseconds(Self.grain)
        if wait < allowed.lowerBound - Self.tellingMax || wait > allowed.upperBound + grain {
            let number = trace.attempts.map { "before attempt \($0)" } ?? "before a later attempt"
            violations.append(
                Violation(
                    .restartCurve,
                    "\(event.instance) waits \(wait.inMilliseconds) \(isQuarantine ? "in quarantine" : number), "
                        + "published: \(allowed.lowerBound.inMilliseconds) to \(allowed.upperBound.inMilliseconds)"))
        }
    }

    private mutating func started(_ event: Event, _ trace: inout Trace) {
        guard let due = trace.due else { return }
        trace.due = nil
        checked += 1
        let late = Duration.milliseconds(event.time - due)
        if late < .milliseconds(-Self.grain) || late > Self.lagMax {
            violations.append(
                Violation(
                    .restartCurve,
                    "\(event.instance) was started \(late.inMilliseconds) after the moment that was announced"))
        }
    }
}

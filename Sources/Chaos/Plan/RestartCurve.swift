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
        /// Crashes in a row; nil when some were not heard of, or when nobody can tell whether they count.
        var attempts: Int? = 0
        /// Nil while it does not serve.
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
        case "instance serving":
            servedUntil(event.time, &trace)
            trace.servingSince = event.time
        case "instance draining", "instance stopping", "instance asleep": servedUntil(event.time, &trace)
        case "instance crashed": crashed(event, &trace)
        case "instance backing off", "instance quarantined": waits(event, &trace)
        case "instance starting": started(event, &trace)
        case "instance cleared": trace = Trace()
        // Who stops it forgets nothing of what it did.
        case "instance disabled":
            servedUntil(event.time, &trace)
            trace.due = nil
        default: break
        }
        traces[event.instance] = trace
    }

    /// Health that lasted makes the curve begin anew, whether it ended in a crash or in order.
    private func servedUntil(_ time: Int64, _ trace: inout Trace) {
        guard let since = trace.servingSince else { return }
        trace.servingSince = nil
        let excess = Duration.milliseconds(time - since) - policy.resetAfter
        if abs(excess.nanoseconds) <= Self.tellingMax.nanoseconds {
            trace.attempts = nil
        } else if excess > .zero {
            trace.attempts = 0
        }
    }

    private func crashed(_ event: Event, _ trace: inout Trace) {
        servedUntil(event.time, &trace)
        trace.attempts = trace.attempts.map { $0 + 1 }
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

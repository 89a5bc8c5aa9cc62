import ChaosPlan
import Supervision
import Testing

/// The curve of restarts is held against what the cluster file says.
struct RestartCurveTests {
    private var policy: RestartPolicy {
        var policy = RestartPolicy()
        (policy.delayMin, policy.delayMax, policy.resetAfter) = (.milliseconds(100), .seconds(1), .seconds(10))
        return policy
    }

    /// Crashes, each with the wait that follows it and how long after it the start comes.
    private func violations(_ crashes: [(wait: Int64, late: Int64)], health: Int64 = 50) -> [Violation] {
        var curve = RestartCurve(policy)
        var now: Int64 = 1_000_000
        func say(_ message: String, next: Int64? = nil) {
            curve.take(.init(time: now, message: message, instance: "p/bundoc", nextAttempt: next))
        }
        for crash in crashes {
            say("instance serving")
            now += health
            say("instance crashed")
            if crash.wait > 0 { say("instance backing off", next: now + crash.wait) }
            now += crash.wait + crash.late
            say("instance starting")
        }
        return curve.violations
    }

    @Test func `accepts the published curve`() {
        #expect(violations([(0, 1), (100, 2), (200, 1), (400, 1), (800, 3), (1000, 1), (1000, 1)]).isEmpty)
        #expect(violations([(0, 1), (81, 2), (239, 1), (479, 1), (641, 3), (1199, 1)]).isEmpty)
    }

    @Test func `rejects a wait that is too short, too long, or not kept`() {
        #expect(violations([(0, 1), (20, 1)]).map(\.invariant) == [.restartCurve])
        #expect(violations([(0, 1), (300, 1)]).map(\.invariant) == [.restartCurve])
        #expect(violations([(0, 1), (100, 1), (100, 1)]).map(\.invariant) == [.restartCurve])
        #expect(violations([(0, 1), (100, -50)]).map(\.invariant) == [.restartCurve])
        #expect(violations([(0, 4000)]).map(\.invariant) == [.restartCurve])
    }

    @Test func `the curve begins anew after health, and not before`() {
        #expect(violations([(0, 1), (0, 1), (0, 1)], health: 10_100).isEmpty)
        #expect(!violations([(0, 1), (100, 1), (100, 1)], health: 9_000).isEmpty)
    }

    @Test(arguments: ["instance draining", "instance stopping", "instance asleep", "instance disabled"])
    func `health counts that ends in order, the sleep after it does not`(end: String) {
        for (health, wait, isAllowed) in [
            (11_000, 100, true), (11_000, 200, false), (9_000, 200, true), (9_000, 100, false),
        ] as [(Int64, Int64, Bool)] {
            var curve = RestartCurve(policy)
            var now: Int64 = 1_000_000
            func say(_ message: String, after time: Int64 = 0, next: Int64? = nil) {
                now += time
                curve.take(.init(time: now, message: message, instance: "p/bundoc", nextAttempt: next.map { now + $0 }))
            }
            say("instance crashed")
            say("instance starting")
            say("instance serving")
            say(end, after: health)
            say("instance starting", after: 20_000)
            say("instance crashed")
            say("instance crashed")
            say("instance backing off", next: wait)
            #expect(curve.violations.isEmpty == isAllowed, "\(health) ms of health, then a wait of \(wait) ms")
        }
    }

    @Test func `who stops an instance forgets none of its crashes, who clears it does`() {
        for (message, wait, isAllowed) in [
            ("instance disabled", 200, true), ("instance disabled", 80, false), ("instance cleared", 100, true),
            ("instance cleared", 200, false),
        ] as [(String, Int64, Bool)] {
            var curve = RestartCurve(policy)
            func say(_ message: String, _ time: Int64, next: Int64? = nil) {
                curve.take(.init(time: time, message: message, instance: "p/bundoc", nextAttempt: next))
            }
            let before = message == "instance disabled" ? 2 : 3
            for time in 0..<before { say("instance crashed", Int64(time)) }
            say(message, 10)
            if message == "instance cleared" { say("instance crashed", 11) }
            say("instance crashed", 20)
            say("instance backing off", 20, next: 20 + wait)
            #expect(curve.violations.isEmpty == isAllowed, "\(message), \(wait) ms")
        }
    }

    @Test func `after a gap any published wait is accepted, and no other`() {
        for (wait, isAllowed) in [(100, true), (1100, true), (20, false), (1300, false)] as [(Int64, Bool)] {
            var curve = RestartCurve(policy)
            curve.gap()
            curve.take(.init(time: 0, message: "instance crashed", instance: "p/bundoc"))
            curve.take(.init(time: 0, message: "instance backing off", instance: "p/bundoc", nextAttempt: wait))
            #expect(curve.violations.isEmpty == isAllowed, "\(wait)")
        }
    }
}

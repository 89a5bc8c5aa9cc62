import Nouns

/// Requests that wait until their project may have one more under way, or its rate allows the next.
///
/// Each project has a line of its own, in order of arrival; the lines take turns, one request each, so that a project
/// with a long line does not come before one with a short. How many of a project may wait, its gauge counts over all
/// loops.
package struct WaitingRoom: Sendable {
    /// A request that waits; its number is the front's.
    package typealias Waiter = UInt64

    /// Requests of all projects together.
    package static let countMax = 65_536

    private struct Waiting: Sendable {
        let waiter: Waiter
        let cost: Int
        let deadline: Instant
    }

    private struct Line: Sendable {
        var waiting: [Waiting]
        /// Before this moment the first cannot be let in, whoever leaves.
        var notBefore: Instant
    }

    /// Where the front must look after whom it lets in.
    package struct Turn: Hashable, Sendable {
        package let waiter: Waiter
        package let project: ProjectID
    }

    private var lines: [ProjectID: Line] = [:]
    /// The projects with a line, whose turn is next first.
    private var order: [ProjectID] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Whether somebody of the project waits: who comes later must not pass.
    package func hasLine(_ project: ProjectID) -> Bool { !lines.isEmpty && lines[project] != nil }

    package func count(of project: ProjectID) -> Int { lines[project]?.waiting.count ?? 0 }

    /// Lets a request wait until the deadline at most; false when the room has as many as it may, or when its turn
    /// cannot come before.
    ///
    /// - Parameter reason: why it was not let in; never `admitted`.
    package mutating func enter(
        _ waiter: Waiter, of project: ProjectID, cost: Int, because reason: Admittance, deadline: Instant,
        at now: Instant
    ) -> Bool {
        var line = lines[project] ?? Line(waiting: [], notBefore: Self.notBefore(reason, now))
        guard count < Self.countMax, line.notBefore < deadline else { return false }
        line.waiting.append(Waiting(waiter: waiter, cost: cost, deadline: deadline))
        if line.waiting.count == 1 { order.append(project) }
        lines[project] = line
        count += 1
        return true
    }

    /// The request does not wait any more.
    package mutating func leave(_ waiter: Waiter, of project: ProjectID) {
        remove(project) { $0.waiter == waiter }
    }

    /// Lets in whom `admit` admits, one of each project in turn, until nobody more can come in.
    package mutating func admit(at now: Instant, _ admit: (ProjectID, _ cost: Int) -> Admittance) -> [Turn] {
        guard count > 0 else { return [] }
        var turns: [Turn] = []
        var blocked = 0
        while blocked < order.count {
            let project = order.removeFirst()
            var line = lines[project]!
            var admittance = Admittance.early(by: line.notBefore - now)
            if line.notBefore <= now { admittance = admit(project, line.waiting[0].cost) }
            if admittance == .admitted {
                blocked = 0
                count -= 1
                turns.append(Turn(waiter: line.waiting.removeFirst().waiter, project: project))
            } else {
                blocked += 1
                line.notBefore = Self.notBefore(admittance, now)
            }
            if line.waiting.isEmpty {
                lines[project] = nil
            } else {
                lines[project] = line
                order.append(project)
            }
        }
        return turns
    }

    /// Takes those out who have waited as long as they may.
    package mutating func expire(at now: Instant) -> [Turn] {
        var turns: [Turn] = []
        for project in order {
            remove(project) { waiting in
                guard waiting.deadline <= now else { return false }
                turns.append(Turn(waiter: waiting.waiter, project: project))
                return true
            }
        }
        return turns
    }

    /// When `admit` or `expire` has something to do, as far as time alone decides.
    package func nextDeadline(at now: Instant) -> Instant? {
        lines.values.reduce(nil) { next, line in
            let due = line.waiting.reduce(Instant.distantFuture) { min($0, $1.deadline) }
            let moment = line.notBefore > now ? min(due, line.notBefore) : due
            return min(next ?? .distantFuture, moment)
        }
    }

    private mutating func remove(_ project: ProjectID, where isGone: (Waiting) -> Bool) {
        guard var line = lines[project] else { return }
        let before = line.waiting.count
        line.waiting.removeAll(where: isGone)
        count -= before - line.waiting.count
        lines[project] = line.waiting.isEmpty ? nil : line
        if line.waiting.isEmpty { order.removeAll { $0 == project } }
    }

    private static func notBefore(_ reason: Admittance, _ now: Instant) -> Instant {
        if case .early(let wait) = reason { now + wait } else { now }
    }
}

import Contracts
import Nouns

/// The leases of one front: which instances it may send to, who waits for which, when each is given back.
///
/// Per instance: asking → held → (revoking →) gone. A lease is kept while it is used and `linger` longer; a lost
/// channel to the supervisor ends nothing: what is held goes on being used, who waits goes on waiting.
package struct LeaseBook {
    /// A request that waits; its number is the front's.
    package typealias Waiter = UInt64

    package enum Action: Hashable {
        /// To the supervisor, in order. Lost without harm when the channel is down: `connected` says all anew.
        case send(LeaseChannel.FromFront)
        /// The waiter has a use of the lease, to be ended by `ended`. `wake` is how long it waited, if the instance
        /// had to be woken.
        case proceed(Waiter, Use, wake: Duration?)
        case refuse(Waiter, Fault)
        /// End what is under way there at once, with this answer. `ended` need not follow.
        case abort(InstanceID, Generation, Fault)
        /// The generation's connections are of no more use once what is under way there is done.
        case forget(InstanceID, Generation)
    }

    private struct Waiting {
        let waiter: Waiter
        let since: Instant
        let deadline: Instant
    }

    private struct Lease {
        enum Phase {
            /// A ticket is with the supervisor, or will be when it is back. Leaves to `held` by its grant; ends by its
            /// refusal, or when the last waiter gave up.
            case asking
            /// The endpoint may be used. Leaves to `revoking`; ends when nobody used it until `deadline`.
            case held
            /// The supervisor wants it back: no new use. Ends when the last use does, at the latest at `deadline`; then
            /// leaves to `asking` if there are waiters.
            case revoking
        }
        var phase = Phase.asking
        /// Set in `held` and `revoking`.
        var use: Use?
        /// In `asking`, and in `revoking` for what comes after.
        var waiting: [Waiting] = []
        /// In `held`: a ticket of before that is still to be answered; until then the lease is not given back, so that
        /// a late grant does not cross the release.
        var ticket: UInt64?
        /// In `revoking`: when what is under way is ended.
        var deadline: Instant?
        /// When something is to be done, but for waiters.
        func nextDeadline(linger: Duration) -> Instant? {
            phase == .held ? use?.idleSince.map { $0 + linger } : deadline
        }
    }

    /// How long a lease is kept without use.
    package var linger: Duration
    private let session: UInt64
    private var leases: [InstanceID: Lease] = [:]
    private var lastTicket: UInt64 = 0
    private var isConnected = false

    /// - Parameter session: drawn at random at the front's start.
    package init(session: UInt64, linger: Duration) { (self.session, self.linger) = (session, linger) }

    /// Leases and wishes.
    package var count: Int { leases.count }

    /// What is held, for the supervisor's and the operator's eyes.
    package var held: [(InstanceID, Generation)] {
        leases.compactMap { instance, lease in lease.use.map { (instance, $0.endpoint.generation) } }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }

    // MARK: Requests

    /// One more use of an instance, if its lease is held; else nil, and `want` is the way.
    package mutating func use(_ instance: InstanceID) -> Use? {
        guard let use = leases[instance]?.use, use.begin() else { return nil }
        return use
    }

    /// A request waits for the instance, until the deadline at most. Answered once, by `proceed` or `refuse`.
    package mutating func want(
        _ instance: InstanceID, by waiter: Waiter, deadline: Instant, at now: Instant
    ) -> [Action] {
        if let use = use(instance) { return [.proceed(waiter, use, wake: nil)] }
        let waiting = Waiting(waiter: waiter, since: now, deadline: deadline)
        guard leases[instance] == nil else {
            leases[instance]!.waiting.append(waiting)
            return []
        }
        leases[instance] = Lease(waiting: [waiting])
        return ask(for: instance, at: now)
    }

    /// The waiter does not wait any more.
    package mutating func giveUp(_ waiter: Waiter, _ instance: InstanceID) -> [Action] {
        guard let index = leases.index(forKey: instance) else { return [] }
        leases.values[index].waiting.removeAll { $0.waiter == waiter }
        return endIfUnwanted(instance)
    }

    /// A use is over. Ignored when its lease is not held any more.
    package mutating func ended(_ use: Use, at now: Instant) -> [Action] {
        let wasHeld = use.isHeld
        guard wasHeld || leases[use.instance]?.use === use else { return [] }
        use.end(at: now)
        return wasHeld || use.users > 0 ? [] : release(use.instance, at: now)
    }

    /// The endpoint does not answer as it should (nobody listens, or 421): its lease is given back and asked for anew
    /// by the next `want`. This use is ended; others go on until they fail themselves.
    package mutating func misdirected(_ use: Use, at now: Instant) -> [Action] {
        guard leases[use.instance]?.use === use else { return [] }
        return release(use.instance, at: now)
    }

    // MARK: The supervisor

    /// The channel is up (again): what is held is said, what is waited for is asked anew.
    package mutating func connected(at now: Instant) -> [Action] {
        isConnected = true
        var actions: [Action] = [.send(.hello(version: LeaseChannel.version, session: session))]
        for (instance, generation) in held {
            leases[instance]!.ticket = nil
            actions.append(.send(.holds(instance, generation)))
        }
        actions.append(.send(.registered))
        for instance in leases.keys.sorted() where leases[instance]!.phase == .asking {
            actions += ask(for: instance, at: now)
        }
        return actions
    }

    package mutating func disconnected() { isConnected = false }

    package mutating func received(_ message: LeaseChannel.FromSupervisor, at now: Instant) -> [Action] {
        switch message {
        case .grant(let ticket, let endpoint, let woke): granted(ticket, endpoint, woke: woke, at: now)
        case .refuse(let ticket, let fault): refused(ticket, fault)
        case .revoke(let instance, let generation, let grace, let fault):
            revoked(instance, generation, grace: grace, fault, at: now)
        case .welcome, .limits, .route, .tls, .certificate, .http2, .proxies, .configured: []
        }
    }

    private mutating func granted(
        _ ticket: UInt64, _ endpoint: Endpoint, woke: Bool, at now: Instant
    ) -> [Action] {
        let instance = endpoint.instance
        var lease = leases[instance] ?? Lease()
        if lease.phase != .asking {
            if lease.ticket == ticket { leases[instance]!.ticket = nil }
            // The supervisor grants the same generation until it is released; another one is a later truth.
            guard lease.use?.endpoint.generation != endpoint.generation else { return [] }
            let old = lease.use!.endpoint.generation
            lease.use!.isHeld = false
            lease.use = nil
            leases[instance] = lease
            return [.forget(instance, old)] + hold(endpoint, ticket, woke: woke, at: now)
        }
        leases[instance] = lease
        return hold(endpoint, ticket, woke: woke, at: now)
    }

    private mutating func hold(
        _ endpoint: Endpoint, _ ticket: UInt64, woke: Bool, at now: Instant
    ) -> [Action] {
        var lease = leases[endpoint.instance]!
        let waiting = lease.waiting
        let use = Use(endpoint, users: waiting.count, at: now)
        lease.phase = .held
        lease.use = use
        lease.waiting = []
        if lease.ticket == ticket { lease.ticket = nil }
        lease.deadline = nil
        leases[endpoint.instance] = lease
        return waiting.map { .proceed($0.waiter, use, wake: woke ? now - $0.since : nil) }
    }

    private mutating func refused(_ ticket: UInt64, _ fault: Fault) -> [Action] {
        guard let instance = leases.first(where: { $0.value.ticket == ticket })?.key else { return [] }
        guard leases[instance]!.phase == .asking else {
            leases[instance]!.ticket = nil
            return []
        }
        let waiting = leases[instance]!.waiting
        leases[instance] = nil
        return waiting.map { .refuse($0.waiter, fault) }
    }

    private mutating func revoked(
        _ instance: InstanceID, _ generation: Generation, grace: Duration, _ fault: Fault?, at now: Instant
    ) -> [Action] {
        guard let lease = leases[instance], lease.use?.endpoint.generation == generation else { return [] }
        if let fault {
            return [.abort(instance, generation, fault)] + release(instance, at: now)
        }
        guard lease.use!.users > 0 else { return release(instance, at: now) }
        let deadline = now + grace
        leases[instance]!.deadline = lease.phase == .revoking ? min(lease.deadline!, deadline) : deadline
        leases[instance]!.phase = .revoking
        lease.use!.isHeld = false
        return [.forget(instance, generation)]
    }

    // MARK: Time

    /// When `expire` has something to do.
    package var nextDeadline: Instant? {
        var next: Instant?
        for lease in leases.values {
            for waiting in lease.waiting { next = min(next ?? .distantFuture, waiting.deadline) }
            if let moment = lease.nextDeadline(linger: linger) { next = min(next ?? .distantFuture, moment) }
        }
        return next
    }

    /// Does what is due: refuses waiters, gives unused leases back, ends what outlived a revocation's grace.
    package mutating func expire(at now: Instant) -> [Action] {
        let due = leases.filter { _, lease in
            lease.nextDeadline(linger: linger) ?? .distantFuture <= now || lease.waiting.contains { $0.deadline <= now }
        }
        var actions: [Action] = []
        for instance in due.keys.sorted() { actions += expire(instance, at: now) }
        return actions
    }

    private mutating func expire(_ instance: InstanceID, at now: Instant) -> [Action] {
        var lease = leases[instance]!
        var actions = lease.waiting.filter { $0.deadline <= now }.map { Action.refuse($0.waiter, .waitTimedOut) }
        lease.waiting.removeAll { $0.deadline <= now }
        leases[instance] = lease
        actions += endIfUnwanted(instance)
        guard let deadline = lease.nextDeadline(linger: linger), deadline <= now, let use = lease.use else {
            return actions
        }
        switch lease.phase {
        case .asking: break
        case .held where lease.ticket != nil: use.idleSince = now
        case .held: actions += release(instance, at: now)
        case .revoking:
            actions.append(.abort(instance, use.endpoint.generation, .revoked))
            actions += release(instance, at: now)
        }
        return actions
    }

    // MARK: Steps

    /// Asks for an instance that has waiters, with a new ticket.
    private mutating func ask(for instance: InstanceID, at now: Instant) -> [Action] {
        lastTicket += 1
        leases[instance]!.ticket = lastTicket
        let latest = leases[instance]!.waiting.map(\.deadline).max() ?? now
        guard isConnected else { return [] }
        return [.send(.request(ticket: lastTicket, instance, wait: Self.supervisorWait(latest - now)))]
    }

    /// A little less than the waiters have: the supervisor knows why it has nothing to grant, so that its refusal shall
    /// reach them before their own time is over.
    private static func supervisorWait(_ wait: Duration) -> Duration {
        max(.zero, wait - min(wait / 4, .milliseconds(250)))
    }

    /// Ends an `asking` that nobody waits for.
    private mutating func endIfUnwanted(_ instance: InstanceID) -> [Action] {
        guard let lease = leases[instance], lease.phase == .asking, lease.waiting.isEmpty else { return [] }
        leases[instance] = nil
        guard isConnected, let ticket = lease.ticket else { return [] }
        return [.send(.withdraw(ticket: ticket))]
    }

    /// Gives a lease back, and asks anew if there are waiters.
    private mutating func release(_ instance: InstanceID, at now: Instant) -> [Action] {
        let lease = leases.removeValue(forKey: instance)!
        let generation = lease.use!.endpoint.generation
        lease.use!.isHeld = false
        var actions: [Action] = [.forget(instance, generation)]
        if isConnected { actions.append(.send(.release(instance, generation))) }
        if !lease.waiting.isEmpty {
            leases[instance] = Lease(waiting: lease.waiting)
            actions += ask(for: instance, at: now)
        }
        return actions
    }
}

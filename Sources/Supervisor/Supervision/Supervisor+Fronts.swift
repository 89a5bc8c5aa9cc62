import Nouns

/// Fronts, what they hold, and who waits.
extension Supervisor {
    mutating func joined(_ front: FrontID) {
        if fronts[front] == nil { fronts[front] = Front() }
    }

    /// From the life before. What has ended meanwhile is revoked at once.
    mutating func holds(_ front: FrontID, _ id: InstanceID, _ generation: Generation) {
        guard fronts[front] != nil else { return }
        guard listening[generation] == id, let state = known[id]?.state else {
            return out.append(.revoke(front, id, generation, grace: .zero, nil))
        }
        switch state {
        case .serving, .starting, .backoff, .stopping(_, .restart, _), .stopping(_, .planned, _),
            .stopping(_, .crash, _):
            lease(front, id)
        case .draining(_, let grace?):
            lease(front, id)
            out.append(.revoke(front, id, generation, grace: now.duration(to: grace), nil))
        case .draining, .stopping, .asleep, .quarantined, .disabled:
            out.append(.revoke(front, id, generation, grace: .zero, nil))
        }
    }

    mutating func registered(_ front: FrontID) {
        guard fronts[front] != nil else { return }
        fronts[front]!.isRegistered = true
        checkRegistration()
    }

    mutating func left(_ front: FrontID) {
        guard let gone = fronts.removeValue(forKey: front) else { return }
        for id in gone.leases.sorted() {
            known[id]!.leases.removeAll { $0 == front }
            touch(id)
        }
        for id in Set(gone.tickets.values).sorted() {
            known[id]!.waiters.removeAll { $0.ticket.front == front }
            touch(id)
        }
        checkRegistration()
    }

    private mutating func checkRegistration() {
        guard !isRegistrationOver, fronts.count >= frontsExpected, fronts.values.allSatisfy(\.isRegistered) else {
            return
        }
        registrationOver()
    }

    var isRegistrationOver: Bool { registrationDeadline == nil }

    /// Every lease of the life before is known, or its front is given up: sleep and ports go their way.
    mutating func registrationOver() {
        registrationDeadline = nil
        alarms.set(.registration, to: nil)
        for listener in parked { close(listener) }
        parked = []
        for id in known.keys.sorted() { touch(id) }
    }

    mutating func requested(_ ticket: Ticket, _ id: InstanceID, deadline: Instant) {
        guard fronts[ticket.front] != nil else { return out.append(.refuse(ticket, .unknownFront)) }
        // The first of two with one number is answered.
        guard fronts[ticket.front]!.tickets[ticket.number] == nil else { return }
        if let fault = faultOfAsking(for: id) { return out.append(.refuse(ticket, fault)) }
        know(id)
        let instance = known[id]!
        if case .serving = instance.state { return grant(ticket, id) }
        if let fault = faultOfBeingDown(id) { return out.append(.refuse(ticket, fault)) }
        guard deadline > now else { return out.append(.refuse(ticket, faultOfDelay(id))) }
        if case .backoff(let until) = instance.state, until >= deadline {
            return out.append(.refuse(ticket, .backingOff(id, nextAttempt: now.duration(to: until))))
        }
        guard instance.waiters.count < settings.waitersPerInstanceMax else {
            return out.append(.refuse(ticket, .tooManyWaiting(id)))
        }
        known[id]!.waiters.append(Instance.Waiter(ticket: ticket, deadline: deadline))
        fronts[ticket.front]!.tickets[ticket.number] = id
        touch(id)
        if case .asleep = instance.state, instance.hold == nil { start(id, isObliged: false, "requested") }
    }

    private func faultOfAsking(for id: InstanceID) -> Fault? {
        if isShuttingDown { return .shuttingDown }
        guard !id.project.isShared else { return .unknownKind(id) }
        guard registry[id.project]?.isWithdrawn == false else { return .unknownProject(id.project) }
        return isAllowed(id) ? nil : .unknownKind(id)
    }

    mutating func withdrawn(_ ticket: Ticket) {
        guard let id = fronts[ticket.front]?.tickets.removeValue(forKey: ticket.number) else { return }
        known[id]!.waiters.removeAll { $0.ticket == ticket }
        touch(id)
    }

    mutating func released(_ front: FrontID, _ id: InstanceID, _ generation: Generation) {
        guard listening[generation] == id, fronts[front]?.leases.remove(id) != nil else { return }
        known[id]!.leases.removeAll { $0 == front }
        touch(id)
    }

    // MARK: answers

    mutating func grant(_ ticket: Ticket, _ id: InstanceID) {
        guard case .serving = known[id]!.state, let listener = known[id]!.listener else {
            preconditionFailure("\(ticket) is granted \(id), which is \(known[id]!.state)")
        }
        fronts[ticket.front]!.tickets[ticket.number] = nil
        lease(ticket.front, id)
        out.append(.grant(ticket, id, listener.generation, port: listener.port))
    }

    private mutating func lease(_ front: FrontID, _ id: InstanceID) {
        touch(id)
        guard fronts[front]!.leases.insert(id).inserted else { return }
        let leases = known[id]!.leases
        known[id]!.leases.insert(front, at: leases.firstIndex { $0 > front } ?? leases.endIndex)
    }

    private mutating func refuse(_ ticket: Ticket, _ fault: Fault) {
        fronts[ticket.front]?.tickets[ticket.number] = nil
        out.append(.refuse(ticket, fault))
    }

    /// Everybody who waits for the instance.
    mutating func refuseAll(_ id: InstanceID, _ fault: Fault) {
        let waiters = known[id]!.waiters
        guard !waiters.isEmpty else { return }
        known[id]!.waiters = []
        for waiter in waiters { refuse(waiter.ticket, fault) }
        touch(id)
    }

    mutating func refuseOverdue(_ id: InstanceID) {
        let overdue = known[id]!.waiters.filter { $0.deadline <= now }
        guard !overdue.isEmpty else { return }
        known[id]!.waiters.removeAll { $0.deadline <= now }
        let fault = faultOfDelay(id)
        for waiter in overdue { refuse(waiter.ticket, fault) }
        touch(id)
    }

    /// What those are told who waited too long.
    private func faultOfDelay(_ id: InstanceID) -> Fault {
        switch known[id]!.state {
        case _ where known[id]!.hold != nil: .holdTimeout(id)
        case .starting(.port, _): .portsExhausted
        case .starting(.turn, _): .startsBusy
        case .starting(.needs, _): .needTimeout(id)
        case .backoff(let until): .backingOff(id, nextAttempt: now.duration(to: until))
        case .draining, .stopping: .stopTimeout(id)
        default: .startTimeout(id)
        }
    }

    // MARK: the end of leases

    /// Asks for the leases back; they count until released, or until the grace is over.
    mutating func revokeAll(_ id: InstanceID, grace: Duration) {
        guard let generation = known[id]!.listener?.generation else { return }
        for front in known[id]!.leases { out.append(.revoke(front, id, generation, grace: grace, nil)) }
    }

    /// Ends the leases now. Fronts give what is under way this fault, if any, as its answer.
    mutating func endLeases(_ id: InstanceID, _ fault: Fault?) {
        guard let generation = known[id]!.listener?.generation else { return }
        for front in known[id]!.leases { out.append(.revoke(front, id, generation, grace: .zero, fault)) }
        forgetLeases(id)
    }

    mutating func forgetLeases(_ id: InstanceID) {
        for front in known[id]!.leases { fronts[front]?.leases.remove(id) }
        known[id]!.leases = []
        touch(id)
    }
}

import Nouns
import Supervision

/// Fronts that ask, hold, give back, forget, vanish and come again.
extension Simulation {
    var stores: [InstanceID] {
        declared.flatMap { project in Settings.stores.map { InstanceID(project, $0) } }
    }

    /// One front wants one instance; now and then one that cannot be.
    mutating func ask() throws(Violation) {
        let door = random.below(doors.count)
        guard doors[door].isRegistered, !declared.isEmpty else { return }
        var id = random.pick(stores)
        if isStorm, random.chance(2) { id = InstanceID(ProjectID("nobody")!, id.kind) }
        if isStorm, random.chance(1) { id = InstanceID(.shared, Settings.services[0]) }
        try ask(door, id, wait: random.milliseconds(upTo: weather.waitMax))
    }

    mutating func ask(_ door: Int, _ id: InstanceID, wait: Duration) throws(Violation) {
        guard let front = doors[door].id else { return }
        // A front has one wish at a time for an instance, and none for what it holds.
        if let lease = doors[door].leases[id], lease.revokedUntil == nil { return }
        guard !doors[door].wishes.values.contains(where: { $0.instance == id }) else { return }
        doors[door].ticketLast += 1
        let ticket = doors[door].ticketLast
        let deadline = now + wait
        doors[door].wishes[ticket] = Door.Wish(instance: id, deadline: deadline)
        agenda.add(.overdue(door: door, front, ticket: ticket), at: deadline + .nanoseconds(1))
        let forgets = random.chance(weather.withdrawsTicket)
        try deliver(.requested(Ticket(front, ticket), id, deadline: deadline))
        guard forgets, doors[door].id == front, doors[door].wishes.removeValue(forKey: ticket) != nil else { return }
        try deliver(.withdrawn(Ticket(front, ticket)))
    }

    func door(_ front: FrontID) -> Int? { doors.firstIndex { $0.id == front } }

    mutating func granted(_ ticket: Ticket, _ id: InstanceID, _ generation: Generation, _ port: UInt16)
        throws(Violation)
    {
        guard let door = door(ticket.front), let wish = doors[door].wishes.removeValue(forKey: ticket.number) else {
            return try promise(false, "\(ticket) is answered once, and only if it asks")
        }
        try promise(wish.instance == id, "\(ticket) is granted what it asked for, not \(id)")
        try promise(wish.deadline > now, "\(ticket) is granted before its deadline")
        let process = machine.process(of: id)
        try promise(
            process.map { $0.isKnownReady && !$0.isTerminated && !$0.isKilled && $0.generation == generation } ?? false,
            "\(ticket) is granted a process of \(id) that is ready, on generation \(generation)")
        let socket = machine.sockets[generation]
        try promise(socket?.instance == id && socket?.port == port, "\(ticket) is granted the port of \(id)")
        try promise(declared.contains(id.project) && !isShuttingDown, "\(id) may be granted")
        let old = doors[door].leases[id]
        try promise(
            old?.revokedUntil == nil || old?.generation != generation, "a revoked generation is not granted again")
        doors[door].leases[id] = Door.Lease(generation: generation)
        let hold = random.milliseconds(upTo: weather.holdMax)
        agenda.add(.releases(door: door, id, generation), at: now + hold)
    }

    mutating func refused(_ ticket: Ticket, _ fault: Fault) throws(Violation) {
        guard let door = door(ticket.front), let wish = doors[door].wishes.removeValue(forKey: ticket.number) else {
            return try promise(false, "\(ticket) is answered once, and only if it asks")
        }
        if !isStorm, !isShuttingDown {
            try promise(false, "in calm weather \(wish.instance) is granted, not refused: \(fault.code)")
        }
        try promise(fault.status != 503 || fault.party != .client, "a refusal names the party at fault: \(fault.code)")
    }

    mutating func revoked(
        _ front: FrontID, _ id: InstanceID, _ generation: Generation, grace: Duration, _ fault: Fault?
    ) {
        guard let door = door(front), doors[door].leases[id]?.generation == generation else { return }
        doors[door].leases[id]!.revokedUntil = now + grace
        if grace == .zero { return doors[door].leases[id] = nil }
        guard !random.chance(weather.frontIgnoresRevoke) else { return }
        agenda.add(
            .releases(door: door, id, generation), at: now + .nanoseconds(random.below(Int(grace.nanoseconds) + 1)))
    }

    mutating func release(_ door: Int, _ id: InstanceID, _ generation: Generation) throws(Violation) {
        guard let lease = doors[door].leases[id], lease.generation == generation else { return }
        if isStorm, lease.revokedUntil == nil, random.chance(weather.frontForgets) { return }
        doors[door].leases[id] = nil
        guard let front = doors[door].id else { return }
        try deliver(.released(front, id, generation))
    }

    /// A front connects and says what it holds from before.
    mutating func open(_ door: Int) throws(Violation) {
        guard doors[door].id == nil else { return }
        guard supervisor != nil else {
            return agenda.add(.opens(door: door), at: now + random.milliseconds(upTo: 500) + .milliseconds(1))
        }
        frontLast += 1
        let front = FrontID(frontLast)
        doors[door].id = front
        doors[door].isRegistered = false
        doors[door].ticketLast = 0
        try deliver(.frontJoined(front))
        for id in doors[door].leases.keys.sorted() {
            guard doors[door].id == front, let lease = doors[door].leases[id] else { continue }
            if let until = lease.revokedUntil, until <= now {
                doors[door].leases[id] = nil
            } else {
                doors[door].leases[id]!.revokedUntil = nil
                try deliver(.frontHolds(front, id, lease.generation))
            }
        }
        guard doors[door].id == front else { return }
        doors[door].isRegistered = true
        try deliver(.frontRegistered(front))
    }

    /// A front's process dies, with all it held; another takes its place.
    mutating func vanish(_ door: Int) throws(Violation) {
        let front = doors[door].id
        doors[door] = Door()
        agenda.add(.opens(door: door), at: now + random.milliseconds(upTo: 2000))
        if let front { try deliver(.frontLeft(front)) }
    }
}

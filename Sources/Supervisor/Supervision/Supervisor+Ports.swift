import Nouns

/// Who listens where.
extension Supervisor {
    /// Takes a port for a start, or queues for one. Nobody is put to sleep for a start that nobody waits for.
    mutating func takePort(_ id: InstanceID, isObliged: Bool) {
        if portQueue.isEmpty, let port = portPool.take(at: now) { return bind(id, port, isObliged: isObliged) }
        guard hasDemand(id) else {
            report(.portsExhausted, id)
            return doWithoutPort(id)
        }
        portQueueLast += 1
        portQueue.set(id, to: portQueueLast)
        enter(id, .starting(.port, isObliged: isObliged), "waiting for a port")
        report(.portsExhausted, id)
    }

    /// Nobody waits for the instance: it can do without until somebody does, or until the next probe.
    mutating func doWithoutPort(_ id: InstanceID) {
        portQueue.set(id, to: nil)
        guard known[id]!.crashes.isQuarantined, !isShuttingDown else { return landed(id, "no port free") }
        let policy = kind(id).restart
        enter(
            id, .quarantined(until: now + policy.spread(policy.delayMax, random: &random)), "no port free for a probe")
    }

    private mutating func bind(_ id: InstanceID, _ port: UInt16, isObliged: Bool) {
        let generation = nextGeneration
        nextGeneration = generation.next
        known[id]!.listener = Instance.Listener(generation: generation, port: port)
        listening[generation] = id
        enter(id, .starting(.binding, isObliged: isObliged), "binding its port")
        keep(id)
        out.append(.bind(id, generation, port: port))
    }

    mutating func bound(_ generation: Generation) {
        guard let id = listening[generation], case .starting(.binding, let isObliged) = known[id]!.state else {
            return
        }
        queueStart(id, isObliged: isObliged)
    }

    mutating func bindFailed(_ generation: Generation, _ port: UInt16) {
        guard let id = listening[generation], case .starting(.binding, let isObliged) = known[id]!.state else {
            return
        }
        report(.portTaken, id)
        listening[generation] = nil
        known[id]!.listener = nil
        portPool.leaveAlone(port, until: now + settings.portRetry)
        takePort(id, isObliged: isObliged)
    }

    /// Gives ports to those who wait, and makes room for the others.
    mutating func portsWanted() {
        while let first = portQueue.first, let port = portPool.take(at: now) {
            portQueue.set(first.key, to: nil)
            guard case .starting(.port, let isObliged) = known[first.key]?.state else {
                preconditionFailure("\(first.key) queues for a port but does not need one")
            }
            bind(first.key, port, isObliged: isObliged)
        }
        while portsComing.count < portQueue.count, isRegistrationOver, let longest = idle.first?.key {
            idle.set(longest, to: nil)
            known[longest]!.idleSince = nil
            portsComing.insert(longest)
            bringDown(longest, "its port is needed")
        }
        alarms.set(.ports, to: portQueue.isEmpty ? nil : portPool.nextRetry)
    }

    /// Ends the generation: nobody has a lease on it any more, or must have.
    mutating func releaseListener(_ id: InstanceID) {
        precondition(known[id]!.leases.isEmpty, "\(id) gives its port up with leases \(known[id]!.leases)")
        guard let listener = known[id]!.listener else { return }
        known[id]!.listener = nil
        listening[listener.generation] = nil
        keep(id)
        if isRegistrationOver { close(listener) } else { parked.append(listener) }
    }

    mutating func close(_ listener: Instance.Listener) {
        out.append(.close(listener.generation, port: listener.port))
        portPool.giveBack(listener.port)
    }
}

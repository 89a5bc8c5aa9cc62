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
        if needs(of: id).contains(where: { !$0.project.isShared }) { needyQueue.set(id, to: .max - portQueueLast) }
        enter(id, .starting(.port, isObliged: isObliged), "waiting for a port")
        report(.portsExhausted, id)
    }

    /// Nobody waits for the instance: it can do without until somebody does, or until the next probe.
    mutating func doWithoutPort(_ id: InstanceID) {
        leaveQueues(id)
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
        while let id = portQueue.first?.key {
            guard case .starting(.port, let isObliged) = known[id]?.state else {
                preconditionFailure("\(id) queues for a port but is \(String(describing: known[id]?.state))")
            }
            if !areNeedsServing(id) {
                leaveQueues(id)
                start(id, isObliged: isObliged, "waiting for what it needs")
            } else if let port = portPool.take(at: now) {
                leaveQueues(id)
                bind(id, port, isObliged: isObliged)
            } else {
                break
            }
        }
        while portsComing.count < portQueue.count, isRegistrationOver, let longest = idle.first?.key {
            idle.set(longest, to: nil)
            known[longest]!.idleSince = nil
            portsComing.insert(longest)
            bringDown(longest, "its port is needed")
        }
        giveWay()
        alarms.set(.ports, to: portQueue.isEmpty ? nil : portPool.nextRetry)
    }

    /// Some wait for a port while what they need holds one, in a circle: the last in the queue lets go of what it has,
    /// so that the first gets on.
    private mutating func giveWay() {
        guard portsComing.isEmpty, isRegistrationOver, let first = portQueue.first?.key,
            let last = needyQueue.first?.key,
            first.project != last.project
        else { return }
        for need in needs(of: last) where isServing(need) && !need.project.isShared {
            guard known[need]!.leases.isEmpty, !known[need]!.run!.isBusy, !mustOutlive(need) else { continue }
            portsComing.insert(need)
            bringDown(need, "its port is needed")
        }
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

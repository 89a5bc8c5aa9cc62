import Nouns

/// The cluster file, read again: what runs goes on as it is, what starts from now on starts by the new settings.
extension Supervisor {
    mutating func configured(_ new: Settings) {
        for (kind, old) in settings.kinds where new.kinds[kind] == nil { removedKinds[kind] = old }
        settings = new
        readSettings()
        portPool.setRange(new.ports)
        out.append(.report(Report(.configured)))
        for id in known.keys.sorted() where known[id] != nil {
            touch(id)
            guard !isAllowed(id) else { continue }
            refuseAll(id, .unknownKind(id))
            answerStarters(id, .unknownKind(id))
            bringDown(id, "its kind is no longer in the cluster file")
        }
        killBlanksAboveTarget()
        if !isShuttingDown { startServices() }
    }

    /// What is derived from the settings.
    mutating func readSettings() {
        dependents = [:]
        for kind in settings.kinds.keys.sorted() {
            for need in settings.kinds[kind]!.needs { dependents[need, default: []].append(kind) }
        }
        warmKinds = settings.kinds.keys.filter { settings.kinds[$0]!.warm > 0 }.sorted()
        services = settings.kinds.keys.filter { settings.kinds[$0]!.scope == .service }.sorted()
    }

    /// Services are up whenever nobody stopped them.
    mutating func startServices() {
        for kind in services {
            let id = InstanceID(.shared, kind)
            know(id)
            if case .asleep = known[id]!.state, isWanted(id) { start(id, isObliged: true, "a service is always up") }
        }
    }
}

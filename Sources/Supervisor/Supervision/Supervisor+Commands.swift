import Nouns

/// What operators and the platform ask for.
extension Supervisor {
    mutating func commanded(_ command: CommandID, _ order: Command) {
        switch order {
        case .shutdown: shutdown(command)
        case _ where isShuttingDown: out.append(.answer(command, .shuttingDown))
        case .declare(let project): declare(project, command)
        case .withdraw(let project): withdraw(project, command)
        case .start(let id): if admit(id, command) { startOrder(id, command) }
        case .stop(let id): if admit(id, command) { stopOrder(id, command) }
        case .restart(let id): if admit(id, command) { restartOrder(id, command) }
        case .drain(let id): if admit(id, command) { drainOrder(id, command) }
        case .hold(let id, let hold, let time): if admit(id, command) { holdOrder(id, hold, time, command) }
        case .extend(let id, let hold, let time): if admit(id, command) { extendOrder(id, hold, time, command) }
        case .letGo(let id, let hold): if admit(id, command) { letGoOrder(id, hold, command) }
        case .clear(let id): if admit(id, command) { clearOrder(id, command) }
        case .renewWarm:
            killBlanks { _ in 0 }
            out.append(.answer(command, nil))
        }
    }

    private mutating func admit(_ id: InstanceID, _ command: CommandID) -> Bool {
        if isAllowed(id) {
            know(id)
            return true
        }
        let isKnown = id.project.isShared || registry[id.project]?.isWithdrawn == false
        out.append(.answer(command, isKnown ? .unknownKind(id) : .unknownProject(id.project)))
        return false
    }

    private mutating func startOrder(_ id: InstanceID, _ command: CommandID) {
        guard known[id]!.hold == nil else { return out.append(.answer(command, .held(id))) }
        known[id]!.isDisabled = false
        touch(id)
        if case .serving = known[id]!.state { return out.append(.answer(command, nil)) }
        known[id]!.starters.append(command)
        startNowIfDown(id)
    }

    /// Waits for no backoff; what is on its way up or down goes on.
    private mutating func startNowIfDown(_ id: InstanceID) {
        switch known[id]!.state {
        case .asleep, .disabled, .backoff, .quarantined: start(id, isObliged: true, "an operator asked for it")
        case .starting, .serving, .draining, .stopping: touch(id)
        }
    }

    private mutating func stopOrder(_ id: InstanceID, _ command: CommandID) {
        known[id]!.isDisabled = true
        endHold(id, .superseded(id))
        keep(id)
        refuseAll(id, .disabled(id))
        answerStarters(id, .superseded(id))
        known[id]!.stoppers.append(command)
        bringDown(id, "stopped by an operator")
    }

    private mutating func restartOrder(_ id: InstanceID, _ command: CommandID) {
        guard known[id]!.hold == nil else { return out.append(.answer(command, .held(id))) }
        guard !known[id]!.isDisabled else { return out.append(.answer(command, .disabled(id))) }
        known[id]!.starters.append(command)
        switch known[id]!.state {
        case .serving where canBeRelieved(id): wantRelief(id)
        case .serving(let run), .starting(.process(let run, _), _):
            terminate(id, run, .restart, "restarted by an operator")
        default: startNowIfDown(id)
        }
    }

    private mutating func drainOrder(_ id: InstanceID, _ command: CommandID) {
        guard !id.project.isShared else { return out.append(.answer(command, .alwaysOn(id))) }
        switch known[id]!.state {
        case .asleep, .disabled, .quarantined: out.append(.answer(command, nil))
        case .starting, .serving, .draining, .stopping, .backoff:
            known[id]!.stoppers.append(command)
            bringDown(id, "drained by an operator")
        }
    }

    private mutating func clearOrder(_ id: InstanceID, _ command: CommandID) {
        guard known[id]!.hold == nil else { return out.append(.answer(command, .held(id))) }
        known[id]!.crashes.forget()
        touch(id)
        report(.cleared, id)
        out.append(.answer(command, nil))
        switch known[id]!.state {
        case .backoff, .quarantined: start(id, isObliged: true, "cleared by an operator")
        default: break
        }
    }

    mutating func answerStarters(_ id: InstanceID, _ fault: Fault?) {
        let starters = known[id]!.starters
        known[id]!.starters = []
        for command in starters { out.append(.answer(command, fault)) }
        if !starters.isEmpty { touch(id) }
    }

    mutating func answerStoppers(_ id: InstanceID) {
        guard known[id]!.leavers.isEmpty else { return }
        let stoppers = known[id]!.stoppers
        known[id]!.stoppers = []
        for command in stoppers { out.append(.answer(command, nil)) }
    }

    // MARK: projects

    private mutating func declare(_ project: ProjectID, _ command: CommandID) {
        if let entry = registry[project] {
            return out.append(.answer(command, entry.isWithdrawn ? .projectWithdrawn(project) : nil))
        }
        guard !project.isShared else { return out.append(.answer(command, .unknownProject(project))) }
        guard registry.count < settings.projectsMax else { return out.append(.answer(command, .projectsFull)) }
        registry[project] = Project(since: now)
        out.append(.recordProject(project, isWithdrawn: false))
        out.append(.report(Report(.projectDeclared, project: project)))
        out.append(.answer(command, nil))
    }

    private mutating func withdraw(_ project: ProjectID, _ command: CommandID) {
        guard !project.isShared else { return out.append(.answer(command, .unknownProject(project))) }
        // An unknown one is fenced off as well: a declaration that comes late must not bring it back.
        if registry[project]?.isWithdrawn != true {
            registry[project, default: Project(since: now)].isWithdrawn = true
            out.append(.recordProject(project, isWithdrawn: true))
            out.append(.report(Report(.projectWithdrawn, project: project)))
        }
        registry[project]!.withdrawals.append(command)
        for id in registry[project]!.instances.sorted() where known[id] != nil {
            refuseAll(id, .unknownProject(project))
            answerStarters(id, .unknownProject(project))
            bringDown(id, "its project is deleted")
        }
        answerWithdrawals(project)
    }

    mutating func answerWithdrawals(_ project: ProjectID) {
        guard let left = registry[project], left.instances.isEmpty, !left.withdrawals.isEmpty else { return }
        registry[project]!.withdrawals = []
        for command in left.withdrawals { out.append(.answer(command, nil)) }
    }

    // MARK: shutdown

    private mutating func shutdown(_ command: CommandID) {
        guard !isFinished else { return out.append(.answer(command, nil)) }
        shutdowns.append(command)
        guard !isShuttingDown else { return }
        isShuttingDown = true
        out.append(.report(Report(.shuttingDown)))
        for id in known.keys.sorted() where known[id] != nil {
            refuseAll(id, .shuttingDown)
            answerStarters(id, .shuttingDown)
            endHold(id, .shuttingDown)
            bringDown(id, "the cluster is shut down")
        }
        killBlanks { _ in 0 }
    }

    /// Nothing of them runs, and no front of the life before may still need a port that waits to be closed.
    var areProjectsDown: Bool { projectRuns == 0 && !hasBlanks && (isRegistrationOver || parked.isEmpty) }

    /// Lets services go when the projects are down, and ends when they are.
    mutating func shutdownWanted() {
        guard isShuttingDown, !isFinished, areProjectsDown else { return }
        if !areServicesReleased {
            areServicesReleased = true
            for id in known.keys.sorted() where id.project.isShared { touch(id) }
        }
        guard serviceRuns == 0, touched.isEmpty else { return }
        isFinished = true
        registrationOver()
        for command in shutdowns { out.append(.answer(command, nil)) }
        out.append(.finish)
    }
}

import Nouns

/// Blank processes that are kept ready, and their end.
extension Supervisor {
    var hasBlanks: Bool { warm.values.contains { !$0.blanks.isEmpty } }

    private func target(_ kind: Kind) -> Int {
        guard !isShuttingDown, let settings = settings.kinds[kind], settings.scope == .project else { return 0 }
        return max(0, settings.warm)
    }

    /// Refills the pools with what real starts leave over.
    mutating func warmWanted() {
        guard startQueue.isEmpty, !isShuttingDown else { return }
        for kind in warmKinds {
            if warm[kind] == nil { warm[kind] = WarmPool() }
            while startsUnderWay < settings.startsMax, warm[kind]!.retryAt == nil, warm[kind]!.keptCount < target(kind)
            {
                startBlank(kind)
            }
        }
    }

    private mutating func startBlank(_ kind: Kind) {
        let incarnation = newIncarnation()
        owners[incarnation] = .blank(kind)
        startsUnderWay += 1
        let deadline = now + settings.kinds[kind]!.startTimeout
        warm[kind]!.blanks.append(WarmPool.Blank(incarnation: incarnation, stage: .starting(deadline: deadline)))
        out.append(.spawn(incarnation, kind))
        settleWarm(kind)
    }

    /// The blank process that has been ready the longest, to be given to an instance.
    mutating func takeWarm(_ kind: Kind) -> Incarnation? {
        guard let index = warm[kind]?.blanks.firstIndex(where: \.isReady) else { return nil }
        warm[kind]!.attempts = 0
        // To start the next one takes longer than the one that is given needs to serve: it must not come in between.
        if warm[kind]!.retryAt == nil { warm[kind]!.retryAt = now + WarmPool.refillPause }
        defer { settleWarm(kind) }
        return warm[kind]!.blanks.remove(at: index).incarnation
    }

    mutating func blankReady(_ kind: Kind, _ incarnation: Incarnation) {
        let index = warm[kind]!.index(of: incarnation)
        guard warm[kind]!.blanks[index].isStarting else { return }
        setStage(kind, index, .ready(since: now))
        reportWarm(.warmed, incarnation, nil)
    }

    mutating func blankExited(_ kind: Kind, _ incarnation: Incarnation, _ exit: Exit) {
        let index = warm[kind]!.index(of: incarnation)
        let stage = warm[kind]!.blanks[index].stage
        setStage(kind, index, .dying(isFault: false))
        warm[kind]!.blanks.remove(at: index)
        defer { settleWarm(kind) }
        switch stage {
        case .dying(isFault: false): return
        case .ready(let since):
            if since.duration(to: now) >= policy(kind).resetAfter { warm[kind]!.attempts = 0 }
        case .starting, .dying(isFault: true): break
        }
        warm[kind]!.attempts += 1
        let delay = policy(kind).delay(beforeAttempt: warm[kind]!.attempts, random: &random)
        warm[kind]!.retryAt = delay > .zero ? now + delay : nil
        reportWarm(.warmFailed, incarnation, exit)
    }

    mutating func warmDeadline(_ kind: Kind) {
        if let retryAt = warm[kind]!.retryAt, retryAt <= now { warm[kind]!.retryAt = nil }
        for (index, blank) in warm[kind]!.blanks.enumerated() {
            guard case .starting(let deadline) = blank.stage, deadline <= now else { continue }
            setStage(kind, index, .dying(isFault: true))
            out.append(.kill(blank.incarnation, .startTimeout))
        }
        settleWarm(kind)
    }

    /// Kills those above what is allowed, the youngest first.
    mutating func killBlanks(above allowed: (Kind) -> Int) {
        for kind in warm.keys.sorted() {
            var spare = warm[kind]!.keptCount - allowed(kind)
            for index in warm[kind]!.blanks.indices.reversed() where spare > 0 {
                if case .dying = warm[kind]!.blanks[index].stage { continue }
                setStage(kind, index, .dying(isFault: false))
                out.append(.kill(warm[kind]!.blanks[index].incarnation, .blankUnneeded))
                spare -= 1
            }
            settleWarm(kind)
        }
    }

    mutating func killBlanksAboveTarget() {
        let targets = Dictionary(uniqueKeysWithValues: warm.keys.map { ($0, target($0)) })
        killBlanks { targets[$0] ?? 0 }
    }

    private mutating func setStage(_ kind: Kind, _ index: Int, _ stage: WarmPool.Stage) {
        if warm[kind]!.blanks[index].isStarting { startsUnderWay -= 1 }
        warm[kind]!.blanks[index].stage = stage
        settleWarm(kind)
    }

    private mutating func settleWarm(_ kind: Kind) {
        alarms.set(.warm(kind), to: isShuttingDown ? nil : warm[kind]!.deadline)
    }

    private func policy(_ kind: Kind) -> RestartPolicy { settings.kinds[kind]?.restart ?? RestartPolicy() }

    private mutating func reportWarm(_ phrase: Report.Phrase, _ incarnation: Incarnation, _ exit: Exit?) {
        var report = Report(phrase)
        report.incarnation = incarnation
        report.exit = exit
        report.reason = exit?.phrase
        out.append(.report(report))
    }
}

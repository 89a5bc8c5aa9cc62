import Nouns
import Supervision

extension Scenario {
    func seconds(_ word: some StringProtocol) -> Duration? {
        Double(String(word)).map { .milliseconds(Int(($0 * 1000).rounded())) }
    }

    /// What sets the stage; false when the words are something that happens.
    mutating func configure(_ words: [String], _ line: String) throws(Unreadable) -> Bool {
        switch words[0] {
        case "ports" where words.count == 2:
            let ends = words[1].split(separator: "-").compactMap { UInt16($0) }
            guard ends.count == 2 else { throw Unreadable(line: line) }
            settings.ports = ends[0]...ends[1]
        case "starts" where words.count == 2:
            guard let most = Int(words[1]) else { throw Unreadable(line: line) }
            settings.startsMax = most
        case "taken" where words.count == 2:
            guard let port = UInt16(words[1]) else { throw Unreadable(line: line) }
            takenPorts.insert(port)
        case "show" where words == ["show", "records"]: showsRecords = true
        case "kind" where words.count >= 2: try kind(words, line)
        case "begin": revive(Remains())
        case "revive":
            var remains = Remains()
            remains.records = journal.keys.sorted().map { journal[$0]! }
            (remains.projects, remains.withdrawnProjects) = (projects, withdrawn)
            remains.nextIncarnation = lastIncarnation.next
            remains.nextGeneration = lastGeneration.next
            for (key, value) in pairs(words.dropFirst()) {
                switch key {
                case "living": remains.living = Set(value.split(separator: ",").compactMap { Incarnation($0) })
                case "listening": remains.listening = Set(value.split(separator: ",").compactMap { Generation($0) })
                case "fronts": remains.frontsExpected = Int(value) ?? 0
                default: throw Unreadable(line: line)
                }
            }
            revive(remains)
        default: return false
        }
        return true
    }

    private mutating func revive(_ remains: Remains) {
        supervisor = Supervisor(settings: settings, seed: 1, remains: remains, at: now)
        perform(supervisor!.begin(at: now))
    }

    private func pairs(_ words: some Sequence<String>) -> [(String, String)] {
        words.map { word in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
    }

    private mutating func kind(_ words: [String], _ line: String) throws(Unreadable) {
        guard let name = Kind(words[1]) else { throw Unreadable(line: line) }
        if words.count == 3, words[2] == "removed" { return settings.kinds[name] = nil }
        var kind = KindSettings()
        (kind.watchdog, kind.restart.jitter) = (nil, 0)
        for (key, value) in pairs(words.dropFirst(2)) {
            let duration = seconds(value)
            switch key {
            case "service": kind.scope = .service
            case "overlaps": kind.overlaps = true
            case "needs": kind.needs = value.split(separator: ",").compactMap { Kind($0) }
            case "start": kind.startTimeout = duration ?? kind.startTimeout
            case "stop": kind.stopTimeout = duration ?? kind.stopTimeout
            case "drain": kind.drainTimeout = duration ?? kind.drainTimeout
            case "watchdog": kind.watchdog = duration
            case "idle": kind.idleTimeout = duration
            case "mode": kind.restart.mode = RestartPolicy.Mode(rawValue: value) ?? .permanent
            case "intensity": kind.restart.intensity = Int(value) ?? 5
            case "period": kind.restart.period = duration ?? kind.restart.period
            case "delay-max": kind.restart.delayMax = duration ?? kind.restart.delayMax
            case "warm": kind.warm = Int(value) ?? 0
            default: throw Unreadable(line: line)
            }
        }
        settings.kinds[name] = kind
    }

    /// Nil when the words say nothing that can happen.
    mutating func event(_ words: [String]) -> Event? {
        let first = words.count > 1 ? words[1] : ""
        let incarnation = Incarnation(first)
        switch words[0] {
        case "request", "withdraw-ticket", "join", "holds", "registered", "left", "release": return frontEvent(words)
        case "ready": return incarnation.map { .ready($0) }
        case "ping": return incarnation.map { .pinged($0) }
        case "busy": return incarnation.map { .busy($0, true) }
        case "not-busy": return incarnation.map { .busy($0, false) }
        case "quiet": return incarnation.map { .quiet($0) }
        case "stirred": return incarnation.map { .stirred($0) }
        case "says-stopping": return incarnation.map { .stopping($0) }
        case "spawn-failed":
            return incarnation.map { .spawnFailed($0, SpawnFailure(reason: words.dropFirst(2).joined(separator: " "))) }
        case "exit":
            var exit = Exit()
            for (key, value) in pairs(words.dropFirst(2)) {
                if key == "code" { exit.code = Int32(value) } else { exit.signal = Int32(value) }
            }
            return incarnation.map { .exited($0, exit) }
        case "reload": return .configured(settings)
        default:
            guard let order = command(words[0], first) ?? hold(words) else { return nil }
            commandLast += 1
            return .commanded(CommandID(commandLast), order)
        }
    }

    /// `hold acme/store 1 60`: the hold's number, its seconds; `extend` likewise; `let-go acme/store 1`.
    private func hold(_ words: [String]) -> Command? {
        guard words.count > 2, let id = InstanceID(words[1]), let hold = UInt64(words[2]).map({ HoldID($0) }) else {
            return nil
        }
        if words[0] == "let-go" { return .letGo(id, hold) }
        guard words.count > 3, let time = seconds(words[3]) else { return nil }
        return words[0] == "hold" ? .hold(id, hold, time) : words[0] == "extend" ? .extend(id, hold, time) : nil
    }

    private func command(_ word: String, _ name: String) -> Command? {
        switch word {
        case "start": InstanceID(name).map { .start($0) }
        case "stop": InstanceID(name).map { .stop($0) }
        case "restart": InstanceID(name).map { .restart($0) }
        case "drain": InstanceID(name).map { .drain($0) }
        case "clear": InstanceID(name).map { .clear($0) }
        case "declare": ProjectID(name).map { .declare($0) }
        case "withdraw": ProjectID(name).map { .withdraw($0) }
        case "renew-warm": .renewWarm
        case "shutdown": .shutdown
        default: nil
        }
    }

    private func frontEvent(_ words: [String]) -> Event? {
        guard words.count >= 2 else { return nil }
        let parts = words[1].dropFirst("front".count).split(separator: "#").compactMap { UInt64($0) }
        guard words[1].hasPrefix("front"), let number = parts.first else { return nil }
        let front = FrontID(number)
        let ticket = parts.count > 1 ? Ticket(front, parts[1]) : nil
        let id = words.count > 2 ? InstanceID(words[2]) : nil
        let values = Dictionary(pairs(words.dropFirst(3)), uniquingKeysWith: { $1 })
        let generation =
            values["generation"].flatMap { Generation($0) } ?? id.flatMap { supervisor?.instance($0)?.generation }
        switch words[0] {
        case "join": return .frontJoined(front)
        case "registered": return .frontRegistered(front)
        case "left": return .frontLeft(front)
        case "withdraw-ticket": return ticket.map { .withdrawn($0) }
        case "request":
            guard let ticket, let id, let wait = seconds(values["wait"] ?? "10") else { return nil }
            return .requested(ticket, id, deadline: now + wait)
        case "holds":
            guard let id, let generation else { return nil }
            return .frontHolds(front, id, generation)
        default:
            guard let id, let generation else { return nil }
            return .released(front, id, generation)
        }
    }
}

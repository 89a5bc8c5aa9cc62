import Nouns
import Supervision

extension JournalEntry {
    package func encoded() -> [UInt8] { line.encoded() }

    private var line: JournalLine {
        switch self {
        case .boot(let id): return JournalLine("boot", id)
        case .reserved(let incarnations, let generations):
            var line = JournalLine("reserved")
            line.set("incarnations", incarnations)
            line.set("generations", generations)
            return line
        case .used(let incarnation, let generation):
            var line = JournalLine("used")
            line.set("incarnation", incarnation)
            line.set("generation", generation)
            return line
        case .instance(let record): return record.line
        case .forgotten(let instance): return JournalLine("forgotten", instance.description)
        case .project(let project, let isWithdrawn):
            return JournalLine(isWithdrawn ? "withdrawn" : "project", project.text)
        case .intended(let incarnation, let kind):
            var line = JournalLine("intended", incarnation.description)
            line.set("kind", kind)
            return line
        case .started(let incarnation, let fact): return fact.line(incarnation)
        case .assigned(let incarnation, let instance, let generation):
            var line = JournalLine("assigned", incarnation.description)
            line.set("instance", instance)
            line.set("generation", generation)
            return line
        case .gone(let incarnation): return JournalLine("gone", incarnation.description)
        case .bound(let generation, let fact): return fact.line(generation)
        case .closed(let generation): return JournalLine("closed", generation.description)
        case .frontJoined(let fact): return fact.line("front-joined")
        case .frontLeft(let fact): return fact.line("front-left")
        case .user(let owner, let id, let isReleased):
            var line = JournalLine(isReleased ? "user-released" : "user", owner.description)
            line.set("id", id)
            return line
        }
    }

    /// Nil for a verb of a later version.
    init?(_ line: JournalLine) throws(JournalLine.Malformed) {
        switch line.verb {
        case "boot": self = .boot(try line.word { $0 })
        case "reserved":
            self = .reserved(
                incarnations: try line.required("incarnations") { UInt64($0) },
                generations: try line.required("generations") { UInt64($0) })
        case "used":
            self = .used(
                incarnation: try line.required("incarnation") { UInt64($0) },
                generation: try line.required("generation") { UInt64($0) })
        case "instance": self = .instance(try InstanceRecord(line))
        case "forgotten": self = .forgotten(try line.word { InstanceID($0) })
        case "project": self = .project(try line.word { ProjectID($0) }, isWithdrawn: false)
        case "withdrawn": self = .project(try line.word { ProjectID($0) }, isWithdrawn: true)
        case "intended": self = .intended(try line.word { Incarnation($0) }, try line.required("kind") { Kind($0) })
        case "started": self = .started(try line.word { Incarnation($0) }, try ProcessFact(line))
        case "assigned":
            self = .assigned(
                try line.word { Incarnation($0) }, try line.required("instance") { InstanceID($0) },
                try line.optional("generation") { Generation($0) })
        case "gone": self = .gone(try line.word { Incarnation($0) })
        case "bound": self = .bound(try line.word { Generation($0) }, try ListenerFact(line))
        case "closed": self = .closed(try line.word { Generation($0) })
        case "front-joined": self = .frontJoined(try FrontFact(line))
        case "front-left": self = .frontLeft(try FrontFact(line))
        case "user", "user-released":
            self = .user(
                try line.word { UserOwner($0) }, try line.required("id") { UInt32($0) },
                isReleased: line.verb == "user-released")
        default: return nil
        }
    }
}

extension ProcessFact {
    fileprivate func line(_ incarnation: Incarnation) -> JournalLine {
        var line = JournalLine("started", incarnation.description)
        line.set("kind", kind)
        line.set("pid", pid)
        line.set("start", startTicks)
        line.set("leaf", leaf)
        line.set("program", program)
        line.set("instance", instance)
        line.set("generation", generation)
        return line
    }

    fileprivate init(_ line: JournalLine) throws(JournalLine.Malformed) {
        self.init(
            kind: try line.required("kind") { Kind($0) }, pid: try line.required("pid") { Int32($0) },
            startTicks: try line.required("start") { UInt64($0) }, leaf: line["leaf"])
        program = try line.optional("program") { ProgramIdentity($0) }
        instance = try line.optional("instance") { InstanceID($0) }
        generation = try line.optional("generation") { Generation($0) }
    }
}

extension ListenerFact {
    fileprivate func line(_ generation: Generation) -> JournalLine {
        var line = JournalLine("bound", generation.description)
        line.flag("unix", hasUnix)
        line.flag("handoff", hasHandOff)
        line.set("instance", instance)
        line.set("port", port)
        line.set("token", token?.hex)
        return line
    }

    fileprivate init(_ line: JournalLine) throws(JournalLine.Malformed) {
        self.init(
            instance: try line.required("instance") { InstanceID($0) },
            port: try line.required("port") { UInt16($0) }, token: try line.optional("token") { Token($0) },
            hasUnix: line.has("unix"), hasHandOff: line.has("handoff"))
    }
}

extension FrontFact {
    fileprivate func line(_ verb: String) -> JournalLine {
        var line = JournalLine(verb, "\(session)")
        line.set("pid", pid)
        line.set("start", startTicks)
        return line
    }

    fileprivate init(_ line: JournalLine) throws(JournalLine.Malformed) {
        self.init(
            session: try line.word { UInt64($0) }, pid: try line.required("pid") { Int32($0) },
            startTicks: try line.required("start") { UInt64($0) })
    }
}

extension InstanceRecord {
    fileprivate var line: JournalLine {
        var line = JournalLine("instance", instance.description)
        line.flag("disabled", isDisabled)
        line.flag("quarantined", isQuarantined)
        if let run {
            line.set("run", run.incarnation)
            line.set("run-since", run.since.nanoseconds)
            line.flag("ready", run.isReady)
            line.flag("stopping", run.isStopping)
        }
        if let relief {
            line.set("relief", relief.incarnation)
            line.set("relief-since", relief.since.nanoseconds)
        }
        if !leavers.isEmpty { line.set("leavers", leavers.map(\.description).joined(separator: ",")) }
        line.set("generation", listener?.generation)
        line.set("port", listener?.port)
        if !crashes.isEmpty { line.set("crashes", crashes.map { "\($0.nanoseconds)" }.joined(separator: ",")) }
        if attempts > 0 { line.set("attempts", attempts) }
        line.set("next", nextAttempt?.nanoseconds)
        if restarts > 0 { line.set("restarts", restarts) }
        if let lastExit {
            line.flag("exited", true)
            line.set("code", lastExit.code)
            line.set("signal", lastExit.signal)
            line.set("note", lastExit.note)
        }
        line.set("exit-at", lastExitAt?.nanoseconds)
        return line
    }

    fileprivate init(_ line: JournalLine) throws(JournalLine.Malformed) {
        self.init(try line.word { InstanceID($0) })
        isDisabled = line.has("disabled")
        isQuarantined = line.has("quarantined")
        if let incarnation = try line.optional("run", { Incarnation($0) }) {
            run = Run(
                incarnation: incarnation, isReady: line.has("ready"), isStopping: line.has("stopping"),
                since: try line.required("run-since") { Instant($0) })
        }
        if let incarnation = try line.optional("relief", { Incarnation($0) }) {
            relief = Relief(incarnation: incarnation, since: try line.required("relief-since") { Instant($0) })
        }
        leavers =
            try line.optional("leavers") { text in
                let incarnations = text.split(separator: ",").map { Incarnation($0) }
                return incarnations.contains(nil) ? nil : incarnations.compactMap { $0 }
            } ?? []
        if let generation = try line.optional("generation", { Generation($0) }) {
            listener = Listener(generation: generation, port: try line.required("port") { UInt16($0) })
        }
        crashes =
            try line.optional("crashes") { text in
                let moments = text.split(separator: ",").map { Instant(String($0)) }
                return moments.contains(nil) ? nil : moments.compactMap { $0 }
            } ?? []
        attempts = try line.optional("attempts") { Int($0) } ?? 0
        nextAttempt = try line.optional("next") { Instant($0) }
        restarts = try line.optional("restarts") { Int($0) } ?? 0
        if line.has("exited") {
            lastExit = Exit(
                code: try line.optional("code") { Int32($0) }, signal: try line.optional("signal") { Int32($0) },
                note: line["note"])
        }
        lastExitAt = try line.optional("exit-at") { Instant($0) }
    }
}

extension Instant {
    fileprivate init?(_ text: String) {
        guard let nanoseconds = Int64(text) else { return nil }
        self.init(nanoseconds: nanoseconds)
    }
}

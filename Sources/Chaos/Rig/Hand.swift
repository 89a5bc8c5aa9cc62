import CChaos
import ChaosPlan
import Contracts
import Foundation
import Glibc
import JSON
import Linux
import Synchronization
import Trial

/// Carries disturbances out, and undoes them.
final class Hand: Sendable {
    /// It could not be done: to a sleeping instance, by a user without the right.
    struct NotDone: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    let cluster: TrialCluster
    let projects: [TrialCluster.Project]
    let watch: Stopwatch
    let smallDisk: SmallDisk?
    let clock: InjectedClock?
    private let done = Mutex<[Inflicted]>([])
    private let found = Mutex<(violations: [Violation], checks: [Invariant: Int])>(([], [:]))
    private let underWay = DispatchGroup()

    init(
        _ cluster: TrialCluster, _ projects: [TrialCluster.Project], _ watch: Stopwatch, smallDisk: SmallDisk?,
        clock: InjectedClock?
    ) {
        (self.cluster, self.projects, self.watch) = (cluster, projects, watch)
        (self.smallDisk, self.clock) = (smallDisk, clock)
    }

    /// Carries a schedule out to its end. Each disturbance has a thread of its own: one may last while others come.
    func carryOut(_ schedule: Schedule) -> [Inflicted] {
        for disturbance in schedule.disturbances {
            watch.wait(until: disturbance.at)
            underWay.enter()
            Thread.detachNewThread { [self] in
                carryOut(disturbance)
                underWay.leave()
            }
        }
        underWay.wait()
        return done.withLock { $0.sorted { $0.began < $1.began } }
    }

    /// What was found on the way.
    var findings: (violations: [Violation], checks: [Invariant: Int]) { found.withLock { $0 } }

    private func check(_ invariant: Invariant, _ violation: String?) {
        let at = watch.now
        found.withLock { found in
            found.checks[invariant, default: 0] += 1
            if let violation { found.violations.append(Violation(invariant, violation, at: at)) }
        }
    }

    /// Notes what happened beside the schedule.
    func note(_ inflicted: Inflicted) { done.withLock { $0.append(inflicted) } }

    private func carryOut(_ disturbance: Disturbance) {
        let began = watch.now
        do {
            let note = try act(disturbance)
            self.note(Inflicted(disturbance, began, watch.now, note: note))
        } catch {
            let reason = (error as? NotDone)?.reason ?? "\(error)"
            self.note(Inflicted(disturbance, began, watch.now, note: reason, wasDone: false))
        }
    }

    private func act(_ disturbance: Disturbance) throws -> String {
        let form = disturbance.form
        switch disturbance.target {
        case .instance(let place, let kind):
            let victim = Victim(cluster, projects[place], kind)
            return switch form {
            case .kill, .killAtCall, .stop, .freeze, .deletedSocket:
                try toProcess(form, victim, disturbance.number)
            case .failedSync: try failSync(victim)
            case .reusedPID: try reusePID(victim)
            case .tornLog, .flippedTail, .damagedLog: try toLog(form, victim, disturbance.number)
            default: try byMisbehaver(form, victim)
            }
        case .project: return try fillDisk(form.radius.holds)
        case .cluster:
            return switch form {
            case .stolenPort: try stealPorts(form.radius.holds, disturbance.number)
            case .clockJump: try jump(form.radius.holds, disturbance.number)
            case .slowClients: slowClients(form.radius.holds)
            case .vanishedClients: vanishedClients(projects[disturbance.number % projects.count])
            case .wakeStorm: wakeStorm()
            default: try toService(form, disturbance.number)
            }
        }
    }

    // MARK: Processes

    private func toProcess(_ form: Disturbance.Form, _ victim: Victim, _ number: Int) throws -> String {
        let pid = try victim.pid
        switch form {
        case .stop: Glibc.kill(pid, SIGSTOP)
        case .freeze:
            Glibc.kill(pid, SIGSTOP)
            Stopwatch.pause(form.radius.holds)
            Glibc.kill(pid, SIGCONT)
        case .killAtCall: return try Self.killAtCall(pid, number)
        case .deletedSocket:
            guard let port = try victim.state["port"]?.int.flatMap({ UInt16(exactly: $0) }) else {
                throw NotDone("it has no port")
            }
            // One or the other: for requests, or for connections that are handed over.
            let paths = [cluster.sockets.unix(port: port), cluster.sockets.handOff(port: port)]
            guard let path = paths.prefix(victim.kind == "bunder" ? 1 + number % 2 : 1).last, unlink(path) == 0 else {
                throw NotDone("there is no socket's file")
            }
        default: Glibc.kill(pid, SIGKILL)
        }
        return "process \(pid)"
    }

    /// Writes meanwhile: what is acknowledged without a sync would not survive a loss of power, which no kill shows.
    private func failSync(_ victim: Victim) throws -> String {
        let pid = try victim.pid
        let isAcknowledged = Mutex(false)
        let writing = DispatchGroup()
        writing.enter()
        Thread.detachNewThread {
            // Once the process is held.
            Stopwatch.pause(.milliseconds(200))
            let isDone = victim.write("synced")
            isAcknowledged.withLock { $0 = isDone }
            writing.leave()
        }
        let code = cchaos_fail_sync(pid, EIO, 3000)
        writing.wait()
        let name = "\(victim.project.slug)/\(victim.kind)"
        let isDone = isAcknowledged.withLock { $0 }
        if code == 0 {
            // What is on the disk nobody knows then: the process has to end, and its successor to read the log.
            wait(for: "its end") { !ProcessFacts(pid).isAlive }
            check(.durable, ProcessFacts(pid).isAlive ? "\(name) goes on though a sync failed" : nil)
        } else if code == ETIMEDOUT, isDone {
            check(.durable, "\(name) acknowledged a write and synced nothing")
        }
        try Self.traced(code, "it synced nothing")
        return "process \(pid)"
    }

    /// The process's number goes to a stranger before the next supervisor looks for it.
    private func reusePID(_ victim: Victim) throws -> String {
        let pid = try victim.pid
        guard let supervisor = try cluster.status()["pid"]?.int.map(Int32.init) else { throw NotDone("no supervisor") }
        // Its number is free once init has waited for it, which may be after the next supervisor has looked: whoever
        // starts that one is held up. Under systemd that is init itself, and who is first is chance.
        let starter = ProcessTable.status(of: supervisor)?.parent ?? 1
        if starter > 1 { Glibc.kill(starter, SIGSTOP) }
        Glibc.kill(supervisor, SIGSTOP)
        Glibc.kill(pid, SIGKILL)
        Glibc.kill(supervisor, SIGKILL)
        let code = cchaos_squat(pid, 3000)
        if starter > 1 { Glibc.kill(starter, SIGCONT) }
        var isSquatting = code == 0
        defer {
            if isSquatting {
                Glibc.kill(pid, SIGKILL)
                waitpid(pid, nil, 0)
            }
        }
        wait(for: "a new supervisor") { try cluster.status()["pid"]?.int.map(Int32.init) != supervisor }
        guard code == 0 else { throw NotDone("the number cannot be had: \(String(cString: strerror(code)))") }
        // As long as the status may claim a dead process.
        wait(for: "another process", .seconds(1)) { try victim.state["pid"]?.int.map { Int32($0) != pid } ?? false }
        let state = try victim.state
        let isTaken = state["pid"]?.int.map(Int32.init) == pid
        let name = "\(victim.project.slug)/\(victim.kind)"
        check(.oneProcess, isTaken ? "process \(pid), a stranger, is taken for \(name): \(state.text)" : nil)
        // Who was taken for it for a moment only has been ended.
        isSquatting = waitpid(pid, nil, WNOHANG) == 0
        check(.oneProcess, isSquatting ? nil : "process \(pid), a stranger, was killed as if it were \(name)")
        return "process \(pid)"
    }

    private static func killAtCall(_ pid: Int32, _ number: Int) throws -> String {
        // Each call is two places: before it and behind it.
        let count = 1 + number % 120
        try traced(cchaos_kill_at_call(pid, Int32(count), 3000), "it made fewer calls")
        return "process \(pid), at place \(count)"
    }

    private static func traced(_ code: Int32, _ late: String) throws {
        switch code {
        case 0: return
        case ETIMEDOUT: throw NotDone(late)
        case ESRCH: throw NotDone("the process ended by itself")
        default: throw NotDone("it cannot be traced: \(String(cString: strerror(code)))")
        }
    }

    private func toService(_ form: Disturbance.Form, _ number: Int) throws -> String {
        switch form {
        case .killSupervisor, .killSupervisorAtCall:
            guard let pid = try cluster.status()["pid"]?.int.map(Int32.init) else { throw NotDone("no supervisor") }
            let note = try end(pid, isTraced: form == .killSupervisorAtCall, number)
            wait(for: "a new supervisor") { try cluster.status()["pid"]?.int.map(Int32.init) != pid }
            return note
        default:
            let name = form == .killPlatform ? "platform" : "front"
            guard let pid = try cluster.pid(service: name) else { throw NotDone("no \(name)") }
            let note = try end(pid, isTraced: form == .killFrontAtCall, number)
            wait(for: "a new \(name)") {
                let services = try cluster.status()["services"]?.array ?? []
                let service = services.first { $0["kind"]?.string == name }
                return service?["observed"]?.string == "serving" && service?["pid"]?.int.map(Int32.init) != pid
            }
            return note
        }
    }

    private func end(_ pid: Int32, isTraced: Bool, _ number: Int) throws -> String {
        if isTraced { return try Self.killAtCall(pid, number) }
        Glibc.kill(pid, SIGKILL)
        return "process \(pid)"
    }

    /// Waits until something holds. What does not come back is found by the invariants.
    private func wait(for what: String, _ patience: Duration = .seconds(10), _ holds: () throws -> Bool) {
        let end = watch.now + patience
        while watch.now < end {
            if (try? holds()) == true { return }
            Stopwatch.pause(.milliseconds(20))
        }
    }

    // MARK: The misbehaving process

    private func byMisbehaver(_ form: Disturbance.Form, _ victim: Victim) throws -> String {
        let pid = try victim.pid
        let holds = form.radius.holds
        switch form {
        case .exitAtStart: try victim.starts("crash", pid, for: holds)
        case .slowStart: try victim.starts("slow", pid, for: holds)
        case .neverReady: try victim.starts("never", pid, for: holds)
        case .hang: victim.tell("hang", patience: .milliseconds(300))
        case .mute: victim.tell("mute")
        case .memory: victim.tell("eat", patience: .seconds(10))
        case .deaf:
            victim.tell("deaf")
            victim.command("drain", patience: .seconds(5))
        case .processes, .descriptors:
            victim.tell(form == .processes ? "fork" : "hoard", patience: .seconds(2))
            Stopwatch.pause(holds)
            Glibc.kill(pid, SIGKILL)
        case .missingProgram: try withoutProgram(victim, pid, holds)
        case .replacedProgram:
            let copy = program + ".new"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(
                atPath: URL(filePath: program).resolvingSymlinksInPath().path, toPath: copy)
            guard rename(copy, program) == 0 else { throw NotDone("the program cannot be replaced") }
            Glibc.kill(pid, SIGKILL)
        default: throw NotDone("nothing of that name can be done")
        }
        return "process \(pid)"
    }

    private var program: String { OwnCluster.misbehaver(cluster.home) }

    private func withoutProgram(_ victim: Victim, _ pid: Int32, _ holds: Duration) throws {
        guard rename(program, program + ".away") == 0 else { throw NotDone("the program cannot be moved") }
        Glibc.kill(pid, SIGKILL)
        Stopwatch.pause(holds)
        rename(program + ".away", program)
        // Whoever wanted to start meanwhile waits for its next attempt.
        for project in projects {
            let other = Victim(cluster, project, victim.kind)
            let state = (try? other.state["observed"]?.string) ?? ""
            if state == "backoff" || state == "quarantined" { other.command("clear") }
        }
    }

    // MARK: The disk and the log

    private func fillDisk(_ holds: Duration) throws -> String {
        guard let smallDisk else { throw NotDone("this user may not mount") }
        let taken = smallDisk.fill()
        defer { smallDisk.empty() }
        guard taken > 0 else { throw NotDone("the disk was full already") }
        Stopwatch.pause(holds)
        return "\(taken >> 20) MiB taken"
    }

    private func toLog(_ form: Disturbance.Form, _ victim: Victim, _ number: Int) throws -> String {
        let pid = try victim.pid
        guard form == .damagedLog else {
            // Stopped in whatever it was at; what comes behind its last batch was never acknowledged.
            Glibc.kill(pid, SIGSTOP)
            defer { Glibc.kill(pid, SIGKILL) }
            wait(for: "its stop") { !"RSD".contains(ProcessFacts(pid).state) }
            return try LogFile(victim.data).addTail(isWhole: form == .flippedTail, bit: number)
        }
        guard victim.command("stop") else { throw NotDone("it could not be stopped") }
        defer { victim.command("start") }
        let file = try LogFile(victim.data)
        let position = try file.flip(bit: number)
        victim.command("start", patience: .seconds(1))
        Stopwatch.pause(form.radius.holds)
        victim.command("stop")
        try file.flip(back: position)
        return "\(file.name), bit \(position)"
    }

    // MARK: The machine

    private func stealPorts(_ holds: Duration, _ number: Int) throws -> String {
        let ports = try cluster.status()["ports"]
        guard let first = ports?["first"]?.int, let last = ports?["last"]?.int else { throw NotDone("no pool") }
        let stolen = (0..<30).compactMap { StolenPort(UInt16(first + (number + $0 * 7) % (last - first + 1))) }
        defer { for port in stolen { port.giveBack() } }
        guard !stolen.isEmpty else { throw NotDone("all of them are held") }
        Stopwatch.pause(holds)
        return "\(stolen.count) ports"
    }

    private func jump(_ holds: Duration, _ number: Int) throws -> String {
        guard let clock else { throw NotDone("only a cluster of chaos' own has a clock that can be set") }
        let minutes = (number % 2 == 0 ? 1 : -1) * (1 + number % 90)
        clock.set(.seconds(Int64(minutes) * 60))
        defer { clock.set(.zero) }
        Stopwatch.pause(holds)
        return "\(minutes) minutes"
    }

    // MARK: Clients

    private func slowClients(_ holds: Duration) -> String {
        let clients = (0..<100).compactMap { _ in try? BlockingConnection(cluster.front, patience: .seconds(1)) }
        for client in clients { try? client.send("GET /v1/kv/kv/k0 HTTP/1.1\r\nHost: ") }
        let end = watch.now + holds
        while watch.now < end {
            for client in clients { try? client.send("a") }
            Stopwatch.pause(.milliseconds(200))
        }
        for client in clients { client.close() }
        return "\(clients.count) connections"
    }

    private func vanishedClients(_ project: TrialCluster.Project) -> String {
        let clients = (0..<100).compactMap { _ in try? BlockingConnection(cluster.front, patience: .seconds(1)) }
        for (index, client) in clients.enumerated() {
            let key = "X-Bunbase-Client-Key: \(project.key)\r\n"
            let head = "PUT /v1/kv/kv/vanished HTTP/1.1\r\nHost: a\r\n\(key)Content-Length: 1000\r\n\r\n"
            try? client.send(index % 2 == 0 ? head + "some" : String(head.prefix(60)))
            client.reset()
        }
        return "\(clients.count) connections"
    }

    /// Puts all to sleep; their clients wake them.
    private func wakeStorm() -> String {
        let count = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: projects.count) { place in
            for kind in ["bundoc", "bunder"] {
                let victim = Victim(cluster, projects[place], kind)
                if victim.command("drain", patience: .seconds(20)) { count.withLock { $0 += 1 } }
            }
        }
        return "\(count.withLock { $0 }) instances"
    }
}

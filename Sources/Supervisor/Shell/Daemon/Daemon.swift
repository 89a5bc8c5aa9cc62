import Config
import Contracts
import Glibc
import JSON
import Linux
import Nouns
import Service
import Supervision

/// The supervisor as a program: turns all that happens into events for its core, and carries out what the core asks.
///
/// Everything runs on one thread, and no decision on an instance's state is taken here. Events that arise while actions
/// are carried out wait for their turn.
package final class Daemon {
    /// How the program ended.
    package enum Ending: Hashable, Sendable {
        /// On SIGTERM: children go on; the next life adopts them.
        case detached
        /// On SIGINT: everything is down.
        case finished
    }

    let loop: EventLoop
    let log: ServerLog
    let journal: Journal
    let store: DescriptorStore
    let manager: ServiceManager
    let generations: Generations
    let services: ServiceSockets
    let cage: Cage
    let sandbox: Sandbox
    let lock: Lock
    let events = EventStreams()
    let startedAt = EventLoop.clock()
    /// This process's own: its path, and the file that was there when it was started.
    let program = (
        path: ProcessTable.program(of: getpid()) ?? "", identity: ProgramIdentity(ofFile: "/proc/self/exe")
    )
    let reload: () throws(ConfigError) -> ClusterFile
    /// Set once by `start`.
    var children: Children!
    var fronts: Fronts!
    var servers: [HTTPServer] = []
    var cluster: ClusterFile
    var configuration: ConfigurationStatus
    var supervisor: Supervisor
    var metrics = Metrics()
    var failpoints: Failpoints
    private(set) var ending: Ending?
    private(set) var isStopping = false
    private var hasBeenReady = false
    private var inbox: [Event] = []
    /// The ticket of the request that is being handled.
    private var asking: Ticket?
    private var isHandling = false
    private var alarm: (timer: TimerHeap.ID, at: Instant)?
    private var answers: [CommandID: (Fault?) -> Void] = [:]
    private var lastCommand: UInt64 = 0

    init(
        loop: EventLoop, log: ServerLog, journal: Journal, store: DescriptorStore, generations: Generations,
        services: ServiceSockets, cage: Cage, sandbox: Sandbox, lock: Lock, manager: ServiceManager,
        cluster: ClusterFile, supervisor: Supervisor, failpoints: Failpoints,
        reload: @escaping () throws(ConfigError) -> ClusterFile
    ) {
        (self.loop, self.log, self.journal, self.store) = (loop, log, journal, store)
        (self.generations, self.services, self.cage, self.lock) = (generations, services, cage, lock)
        (self.sandbox, self.cluster, self.manager) = (sandbox, cluster, manager)
        (self.supervisor, self.failpoints, self.reload) = (supervisor, failpoints, reload)
        configuration = ConfigurationStatus(path: cluster.path, loadedAt: startedAt)
        // What was noted on the way here is written now: only an empty log announces its next record.
        log.flush()
        log.onPending = { [unowned loop, unowned log] in loop.afterBatch { [weak log] in log?.flush() } }
    }

    /// Runs until SIGTERM or SIGINT ends it.
    package func run() throws(SystemError) -> Ending {
        while ending == nil {
            try loop.turn()
        }
        log.finish()
        manager.flush()
        return ending!
    }

    // MARK: Events

    /// Takes an event, and carries out what follows from it.
    func take(_ event: Event) {
        inbox.append(event)
        guard !isHandling else { return }
        isHandling = true
        var next = 0
        while next < inbox.count {
            let event = inbox[next]
            next += 1
            if case .requested(let ticket, _, _) = event { asking = ticket } else { asking = nil }
            perform(supervisor.handle(event, at: EventLoop.clock()))
        }
        inbox.removeAll(keepingCapacity: inbox.count < 256)
        isHandling = false
        settle()
    }

    /// Carries out what the core asks for at its start.
    func begin() {
        isHandling = true
        perform(supervisor.begin(at: EventLoop.clock()))
        isHandling = false
        failpoints.pass(.afterBegin)
        if inbox.isEmpty { settle() } else { take(.deadline) }
    }

    /// Gives an operator's command to the core; `answer` is called once, with nil when it is done.
    func take(_ command: Command, _ answer: @escaping (Fault?) -> Void) {
        lastCommand += 1
        answers[CommandID(lastCommand)] = answer
        take(.commanded(CommandID(lastCommand), command))
    }

    private func settle() {
        journal.flush()
        rearm()
        tellManager()
    }

    private func rearm() {
        let next = supervisor.nextDeadline
        guard next != alarm?.at else { return }
        if let alarm { loop.cancel(alarm.timer) }
        alarm = next.map { moment in
            let timer = loop.schedule(at: moment) { [unowned self] in
                alarm = nil
                take(.deadline)
            }
            return (timer, moment)
        }
    }

    // MARK: Actions

    private func perform(_ actions: [Action]) {
        for action in actions {
            metrics.count(action)
            perform(action)
        }
    }

    private func perform(_ action: Action) {
        switch action {
        case .bind(let instance, let generation, let port): bind(instance, generation, port: port)
        case .close(let generation, _): close(generation)
        case .spawn(let incarnation, let kind): children.spawn(incarnation, kind)
        case .assign(let incarnation, let instance, let generation):
            children.assign(incarnation, instance, generation)
        case .terminate(let incarnation):
            journal.flush()
            children.terminate(incarnation)
            failpoints.pass(.afterTerminate)
        case .relieve(let incarnation):
            journal.flush()
            children.relieve(incarnation)
        case .kill(let incarnation, let reason):
            journal.flush()
            children.kill(incarnation, reason)
        case .watch(let incarnation, let isOn): children.watch(incarnation, isOn)
        case .grant(let ticket, let instance, let generation, _): grant(ticket, instance, generation)
        case .refuse(let ticket, let fault): fronts.refuse(ticket, fault)
        case .revoke(let front, let instance, let generation, let grace, let fault):
            journal.flush()
            fronts.revoke(front, instance, generation, grace: grace, fault)
            failpoints.pass(.afterRevoke)
        case .record(let record): journal.note(.instance(record))
        case .forget(let instance): journal.note(.forgotten(instance))
        case .recordProject(let project, let isWithdrawn): journal.note(.project(project, isWithdrawn: isWithdrawn))
        case .report(let report): tell(report)
        case .answer(let command, let fault): answer(command, fault)
        case .finish: end(.finished)
        }
    }

    private func bind(_ instance: InstanceID, _ generation: Generation, port: UInt16) {
        guard let program = cluster.programs[instance.kind] else {
            return inbox.append(.bindFailed(generation, port: port))
        }
        let fact = Generations.fact(for: instance, port: port, program)
        journal.note(.bound(generation, fact))
        journal.flush()
        failpoints.pass(.beforeBind)
        do throws(SystemError) {
            try generations.bind(generation, fact)
            failpoints.pass(.afterBind)
            inbox.append(.bound(generation))
        } catch {
            journal.note(.closed(generation))
            log.write(.warning, "port not bound") {
                $0.member("port", port)
                $0.member("reason", error.description)
            }
            inbox.append(.bindFailed(generation, port: port))
        }
    }

    private func close(_ generation: Generation) {
        journal.flush()
        failpoints.pass(.beforeClose)
        guard generations.close(generation) else { return }
        failpoints.pass(.afterClose)
        journal.note(.closed(generation))
    }

    private func grant(_ ticket: Ticket, _ instance: InstanceID, _ generation: Generation) {
        journal.flush()
        guard let held = generations.held[generation] else {
            log.write(.error, "generation lost") { $0.member("instance", instance.description) }
            return fronts.refuse(ticket, Self.lost)
        }
        failpoints.pass(.beforeGrant)
        // Granted in the very turn it was asked for: the instance was serving already.
        fronts.grant(ticket, held.endpoint(generation, cluster.home.run), woke: ticket != asking)
        failpoints.pass(.afterGrant)
    }

    private func answer(_ command: CommandID, _ fault: Fault?) {
        journal.sync()
        failpoints.pass(.beforeAnswer)
        guard let answer = answers.removeValue(forKey: command) else { return }
        if fault == nil, let failure = journal.failure {
            answer(Self.notKept(failure))
        } else {
            answer(fault)
        }
        failpoints.pass(.afterAnswer)
    }

    private static let lost = Fault(
        503, "instance.listener_lost", "The listener of this instance was lost; it comes back with its next start.",
        party: .cluster, retryAfter: .seconds(1))

    private static func notKept(_ failure: SystemError) -> Fault {
        Fault(
            507, "supervisor.journal_not_written",
            "This was done, but a restarted supervisor would not know it: \(failure). Make room and repeat it.",
            party: .cluster)
    }

    private func tell(_ report: Report) {
        log.write(report.level, report.phrase.rawValue) { report.write(to: &$0) }
        events.publish(report, report.instance.flatMap { supervisor.instance($0) })
    }

    /// Leaves what a withdrawn project had to whoever removes it.
    func release(_ project: ProjectID) -> Fault? {
        do throws(SystemError) {
            try sandbox.users?.release(project)
            journal.flush()
            return nil
        } catch {
            log.write(.error, "project's data cannot be given away") {
                $0.member("project", project.text)
                $0.member("reason", error.description)
            }
            return Fault(
                507, "project.data_not_released",
                "The project is fenced off, but its data could not be given to the service that removes it: \(error).",
                party: .cluster, retryAfter: .seconds(5))
        }
    }

    /// Shows what others want people to be alerted of; `bunbase-alerts` listens.
    func alert(_ word: AlertWord) {
        func write(to writer: inout JSONWriter) {
            writer.member("alert", word.name)
            writer.member("subject", word.subject)
            if let text = word.text { writer.member("text", text) }
        }
        let message = word.text == nil ? "alert resolved" : "alert raised"
        log.write(word.text == nil ? .info : .warning, message) { write(to: &$0) }
        events.publish(message, write)
    }

    // MARK: The state of the whole

    /// All shared services serve.
    var isReady: Bool {
        cluster.services.allSatisfy { supervisor.instance(InstanceID(.shared, $0))?.observed == .serving }
    }

    var state: ClusterStatus.State {
        if isStopping { return .stopping }
        if isReady { return .ready }
        return hasBeenReady ? .degraded : .starting
    }

    private func tellManager() {
        if !isStopping, !hasBeenReady, isReady {
            hasBeenReady = true
            manager.tellReady()
            log.write(.info, "cluster ready") {
                $0.member("ms", (EventLoop.clock() - startedAt).millisecondsRoundedUp)
            }
        }
        manager.statusChanged { [unowned self] in statusLine }
    }

    /// What `systemctl status` shows: `ready: 12 of 40 projects awake, 2 services, 1 front, 1 quarantined`.
    private var statusLine: String {
        let counts = supervisor.counts
        var words = ["\(counts.projectsAwake) of \(counts.projects) projects awake", "\(counts.services) services"]
        words.append(fronts.count == 1 ? "1 front" : "\(fronts.count) fronts")
        if counts.backingOff > 0 { words.append("\(counts.backingOff) backing off") }
        if counts.quarantined > 0 { words.append("\(counts.quarantined) quarantined") }
        return "\(state.rawValue): \(words.joined(separator: ", "))"
    }

    // MARK: Endings

    /// Leaves everything running and ends the program.
    func detach() {
        log.write(.info, "detaching") { $0.member("processes", children.count) }
        end(.detached)
    }

    /// Stops everything, then ends the program. `answer` is called when all is down.
    func shutDown(_ answer: @escaping (Fault?) -> Void = { _ in }) {
        if !isStopping {
            isStopping = true
            manager.tellStopping()
        }
        take(.shutdown, answer)
    }

    private func end(_ ending: Ending) {
        journal.sync()
        if ending == .finished {
            manager.tellFinished()
            for path in [cluster.home.run.control, cluster.home.run.lease] { try? Socket.removeSocket(at: path) }
            cage.tree.remove()
        }
        self.ending = ending
        loop.stop()
    }

    /// Lets go of what another life of the same process would need: the lock, and who listens. Behind `run`.
    package func release() {
        for server in servers { server.drain {} }
        fronts.close()
        lock.release()
    }
}

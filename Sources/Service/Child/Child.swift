import Contracts
import Glibc
import Linux
import Nouns

/// The life of one of our processes as its supervisor, or systemd, sees it: waits to be told what to be, says when it
/// is ready, proves that its loop turns, and ends in an orderly way.
///
/// With a control channel (a descriptor `control`) the process begins blank; see `ControlChannel`. Without one, it
/// takes what `Inheritance.assignment` says, and pings by systemd's `WATCHDOG_USEC`.
package final class Child {
    /// How long a service must have had nothing to do before it says so: a burst of requests is one word, not many.
    static let quietAfter = Duration.seconds(1)

    package let loop: EventLoop
    /// Called once in a process that waits for its assignment: the time to prepare for it. Without effects.
    package var onBlank: (() -> Void)?
    /// Told once what to be; calls `ready` when it can serve. An error ends the process with its words.
    package var onAssigned: ((Assignment, inout PassedDescriptors) throws -> Void)?
    /// SIGTERM came: finish what is under way, then call `finish`. Not called while blank: the process then just ends.
    package var onTerminate: (() -> Void)?
    /// A successor has taken over: take on nothing new, take the time to finish, then call `finish`. `onTerminate` may
    /// follow. Without this, a process that is relieved is terminated.
    package var onRelieved: (() -> Void)?
    /// Where there are more loops than this one: calls back when all of them have turned; only then is the watchdog
    /// told that the process lives.
    package var onPing: ((@escaping () -> Void) -> Void)?
    /// The project's key was changed: end what was let in with the old one.
    package var onRekeyed: (() -> Void)?
    /// What the process was told to be; nil while blank.
    package private(set) var assignment: Assignment?
    /// Why the loop was ended, if for a failure.
    package private(set) var failure: StartFailure?

    /// Where the cluster's sockets lie; nil when nobody said.
    package var runPaths: RunPaths? { inheritance.variables[ChildEnvironment.run].map { RunPaths($0) } }

    private let kind: Kind
    private var inheritance: Inheritance
    private let notifier: Notifier?
    private var control: PacketConnection?
    private var signals: Signals?
    private var isAlone: Bool
    private var hasLostControl = false
    private var isServing = false
    private var isWatched = false
    private var isTerminating = false
    private var isRelieved = false
    private var isBusy = false
    private var isQuiet = false
    private var ping: TimerHeap.ID?
    private var quieting: TimerHeap.ID?

    package init(_ kind: Kind, on loop: EventLoop, _ inheritance: Inheritance) throws(SystemError) {
        (self.kind, self.loop, self.inheritance) = (kind, loop, inheritance)
        notifier = try inheritance.variables[ChildEnvironment.notifySocket].flatMap { path throws(SystemError) in
            path.isEmpty ? nil : try Notifier(path: path, on: loop)
        }
        let socket = self.inheritance.descriptors.takeOne(DescriptorName.control)
        isAlone = socket == nil
        if let socket { control = try PacketConnection(socket, on: loop) }
    }

    /// Lets SIGTERM and SIGINT call `terminate`. In the main thread, before others are started.
    package func catchSignals() throws(SystemError) {
        signals = try Signals([SIGTERM, SIGINT], on: loop) { [unowned self] _ in terminate() }
    }

    /// Begins to wait for the assignment, or carries it out if there is no supervisor. Set the callbacks before.
    package func start() {
        guard let control else {
            do throws(StartFailure) {
                let assignment = try inheritance.assignment(kind)
                isWatched = assignment.watchdog != nil
                return assign(assignment, inheritance.descriptors)
            } catch {
                return fail(error)
            }
        }
        control.onMessage = { [unowned self] in receive($0, $1) }
        control.onClosed = { [unowned self] _ in controlClosed() }
        // An assignment that is there already is carried out first, and then there is nothing to say about blankness.
        loop.afterBatch { [unowned self] in
            guard assignment == nil, failure == nil else { return }
            rehearse()
            notifier?.post("READY=1", "\(NotifyKey.blank)=1")
        }
    }

    /// Does once what the assignment will ask for, so that the pages of the program and what the runtime looks up are
    /// at hand when somebody waits for it.
    private func rehearse() {
        let sample = Assignment(
            instance: InstanceID(.shared, kind), incarnation: Incarnation(1), generation: Generation(1), token: nil,
            data: "/", descriptors: [DescriptorName.tcp], watchdog: nil)
        let bytes = ControlChannel.FromSupervisor.assign(sample).message.encoded()
        _ = try? ControlChannel.FromSupervisor(Message(decoding: bytes))
        onBlank?()
    }

    // MARK: What the process says

    /// It serves. `status` is a phrase for people.
    package func ready(_ status: String? = nil) {
        isServing = true
        if let status { notifier?.post("READY=1", "STATUS=\(status)") } else { notifier?.post("READY=1") }
    }

    package func say(status: String) { notifier?.post("STATUS=\(status)") }

    /// Has people alerted, or told that it is over. For shared services; one that is repeated is one.
    package func say(_ alert: AlertWord) {
        let words = [
            "\(NotifyKey.alert)=\(alert.name)", "\(NotifyKey.alertSubject)=\(alert.subject)",
            alert.text.map { "\(NotifyKey.alertText)=\($0)" },
        ]
        notifier?.post(words.compactMap(\.self).joined(separator: "\n"))
    }

    /// Whether open work forbids sleep.
    package func setBusy(_ isBusy: Bool) {
        guard isBusy != self.isBusy else { return }
        self.isBusy = isBusy
        notifier?.post("\(NotifyKey.busy)=\(isBusy ? 1 : 0)")
    }

    /// Whether a shared service has nothing to do until something connects.
    package func setQuiet(_ isQuiet: Bool) {
        guard isQuiet != self.isQuiet else { return }
        self.isQuiet = isQuiet
        sayQuietLater()
    }

    /// Ends the process in an orderly way: what SIGTERM does.
    package func terminate() {
        guard !isTerminating else { return }
        isTerminating = true
        notifier?.post("STOPPING=1")
        guard assignment != nil, let onTerminate else { return finish() }
        onTerminate()
    }

    private func relieved() {
        guard !isTerminating, !isRelieved else { return }
        guard assignment != nil, let onRelieved else { return terminate() }
        isRelieved = true
        notifier?.post("STOPPING=1")
        onRelieved()
    }

    /// The work is done: the loop ends behind the current batch.
    package func finish() { loop.stop() }

    package func fail(_ failure: StartFailure) {
        self.failure = failure
        notifier?.post("STATUS=\(failure)")
        loop.stop()
    }

    // MARK: What the supervisor says

    private func receive(_ message: Message, _ descriptors: [Descriptor]) {
        do {
            switch try ControlChannel.FromSupervisor(message) {
            case .assign(let assignment): try assigned(assignment, descriptors)
            case .resume: resume()
            case .watch(let isOn): watch(isOn)
            case .rekeyed: onRekeyed?()
            case .relieved: relieved()
            }
        } catch let error as Message.Malformed {
            fail(StartFailure("the supervisor speaks another language: \(error.reason)"))
        } catch {
            fail(StartFailure("\(error)"))
        }
    }

    private func assigned(_ assignment: Assignment, _ descriptors: [Descriptor]) throws {
        if let mine = self.assignment {
            guard mine.instance == assignment.instance, mine.incarnation == assignment.incarnation else {
                throw StartFailure("the supervisor assigned twice")
            }
            return
        }
        guard assignment.descriptors.count == descriptors.count else {
            throw StartFailure("the assignment names other descriptors than it carries")
        }
        assign(assignment, PassedDescriptors(Array(zip(assignment.descriptors, descriptors).map { ($0, $1) })))
    }

    private func assign(_ assignment: Assignment, _ descriptors: PassedDescriptors) {
        self.assignment = assignment
        if isWatched { watch(true) }
        var descriptors = descriptors
        do {
            try assignment.shutIn()
            try onAssigned?(assignment, &descriptors)
        } catch {
            fail(error as? StartFailure ?? StartFailure("\(error)"))
        }
    }

    private func watch(_ isOn: Bool) {
        isWatched = isOn
        if let ping { loop.cancel(ping) }
        ping = nil
        guard isOn else { return }
        sayQuietLater()
        pingNow()
    }

    /// Another life of the supervisor: it begins with watching nobody.
    private func resume() {
        watch(false)
        guard assignment != nil else { return }
        let words = [
            isServing ? "READY=1" : nil, "\(NotifyKey.busy)=\(isBusy ? 1 : 0)",
            isTerminating || isRelieved ? "STOPPING=1" : nil,
        ]
        notifier?.post(words.compactMap(\.self).joined(separator: "\n"))
    }

    /// The supervisor is gone: a process with work goes on and pings by itself, a blank one has no future.
    private func controlClosed() {
        control = nil
        guard let assignment else { return finish() }
        (isAlone, hasLostControl) = (true, true)
        if assignment.watchdog != nil, ping == nil { watch(true) }
    }

    // MARK: The watchdog

    private func pingNow() {
        guard let period = assignment?.watchdog else { return }
        if let onPing {
            onPing { [unowned self] in if isWatched { sayAlive() } }
        } else {
            sayAlive()
        }
        ping = loop.schedule(after: period / 2) { [unowned self] in pingNow() }
    }

    private func sayAlive() {
        // A new supervisor that adopted this process learns from the ping what the old one knew.
        var words = "WATCHDOG=1"
        if hasLostControl, isServing { words += "\nREADY=1" }
        if isAlone, isBusy { words += "\n\(NotifyKey.busy)=1" }
        _ = notifier?.send(words)
    }

    private func sayQuietLater() {
        guard quieting == nil, isQuiet, !isAlone else { return }
        quieting = loop.schedule(after: Self.quietAfter) { [unowned self] in
            quieting = nil
            if isQuiet, !isAlone, !isTerminating, !isRelieved { notifier?.post("\(NotifyKey.quiet)=1") }
        }
    }
}

extension Child {
    /// Runs a program from its first line to its end: `prepare` sets the callbacks. Returns the exit code, after
    /// writing why to standard error if it is not 0.
    package static func run(_ kind: Kind, _ prepare: (Child) throws -> Void) -> Int32 {
        Signals.ignoreBrokenPipe()
        do {
            let child = try Child(kind, on: EventLoop(), Inheritance.ofProcess())
            try child.catchSignals()
            try prepare(child)
            child.start()
            if child.failure == nil { try child.loop.run() }
            guard let failure = child.failure else { return 0 }
            throw failure
        } catch {
            let words = Array("\(kind): \(error)\n".utf8)
            _ = write(STDERR_FILENO, words, words.count)
            return 1
        }
    }
}

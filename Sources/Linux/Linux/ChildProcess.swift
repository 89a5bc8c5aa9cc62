import CLinux
import Glibc
import Nouns

/// A running process that this one answers for: started by it, or adopted after a restart.
///
/// Held by a pidfd, which always means this process and never a later one with the same number; `pidfd_open(2)`.
package final class ChildProcess: EventHandler {
    package let id: ProcessID
    /// The pidfd; becomes readable at the exit.
    package let descriptor: Descriptor
    /// Adopted: not a child of ours, so its exit code may stay unknown and it needs not be waited for.
    package let isAdopted: Bool
    /// Set once it has exited.
    package private(set) var exit: ProcessExit?

    private var watching: (loop: EventLoop, registration: EventLoop.Registration)?
    private var onExit: ((ProcessExit) -> Void)?

    private init(_ id: ProcessID, _ descriptor: Descriptor, isAdopted: Bool) {
        (self.id, self.descriptor, self.isAdopted) = (id, descriptor, isAdopted)
    }

    package var pid: Int32 { id.pid }

    /// Starts a process in a session of its own. Returns when its program runs; takes some 50 µs whatever the size of
    /// this process. Any open descriptor of this process may be named; none is passed on by itself.
    package static func spawn(_ plan: SpawnPlan) throws(SpawnError) -> ChildProcess {
        let result = try SpawnForm(plan).run()
        let descriptor = Descriptor(result.pid_descriptor)
        // It is not waited for yet, so its number is still its own even if it has already ended.
        let start = ProcessTable.startTime(of: result.pid) ?? 0
        return ChildProcess(ProcessID(result.pid, start: start), descriptor, isAdopted: false)
    }

    /// Takes responsibility for a process that another life of this program started. Nil when it is gone. `kept`: its
    /// pidfd, where that life left one; one of another process is not used.
    package static func adopt(_ id: ProcessID, kept: Descriptor? = nil) throws(SystemError) -> ChildProcess? {
        if let kept, ProcessTable.process(behind: kept) == id.pid {
            return ChildProcess(id, kept, isAdopted: true)
        }
        let number = clinux_open_process(id.pid)
        guard number >= 0 else {
            if errno == ESRCH { return nil }
            throw SystemError("pidfd_open")
        }
        let descriptor = Descriptor(number)
        // Behind the opening: had the number gone to another process before, its start time tells.
        guard ProcessTable.startTime(of: id.pid) == id.start else { return nil }
        return ChildProcess(id, descriptor, isAdopted: true)
    }

    /// Tells the exit once, from the loop. The loop keeps this object alive until then.
    package func watch(on loop: EventLoop, _ onExit: @escaping (ProcessExit) -> Void) throws(SystemError) {
        precondition(watching == nil && exit == nil, "a process is watched once")
        self.onExit = onExit
        watching = (loop, try loop.watch(descriptor.number, for: .readable, self))
    }

    /// Looks whether it has exited, without waiting; the exit is then not told by `watch` any more.
    package func poll() -> ProcessExit? {
        if exit == nil, let found = reap() { exit = found }
        return exit
    }

    /// Sends a signal to the process alone. False when it is gone already.
    @discardableResult
    package func signal(_ number: Int32) -> Bool { clinux_signal_process(descriptor.number, number) == 0 }

    package func handle(_ readiness: Readiness) {
        guard let found = exit ?? reap() else {
            // An adopted process that its parent has not waited for yet: its code is known when it has.
            awaitRelease()
            return
        }
        tell(found)
    }

    private func tell(_ found: ProcessExit) {
        if let (loop, registration) = watching { loop.unwatch(registration) }
        watching = nil
        exit = found
        let told = onExit
        onExit = nil
        told?(found)
    }

    private func reap() -> ProcessExit? {
        var result = clinux_exit()
        switch clinux_reap(descriptor.number, isAdopted, &result) {
        case CLINUX_EXITED:
            let cpu = Duration.microseconds(result.cpu_microseconds)
            let usage = isAdopted ? nil : ProcessExit.Usage(cpu: cpu, memoryMax: Int(result.memory_max_kib) * 1024)
            return ProcessExit(status: result.status, usage: usage)
        case CLINUX_EXITED_UNKNOWN: return ProcessExit(.unknown)
        default: return nil
        }
    }

    private func awaitRelease() {
        guard let (loop, registration) = watching else { return }
        // The exit stays readable; look again in a moment, and take what is known then.
        loop.unwatch(registration)
        watching = nil
        loop.schedule(after: .milliseconds(50)) { [self] in
            if exit == nil { tell(reap() ?? ProcessExit(.unknown)) }
        }
    }
}

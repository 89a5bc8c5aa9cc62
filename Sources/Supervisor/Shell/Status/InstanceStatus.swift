import JSON
import Nouns
import Supervision

/// One instance as `/status` tells it: what the supervisor decided, and what its process was seen to use.
package struct InstanceStatus {
    package var view: InstanceView
    package var pid: Int32?
    /// Whom the process runs as, where it has a user of its own.
    package var user: UInt32?
    package var usage: Usage?
    /// What the process says of itself (`STATUS=`).
    package var text: String?
    /// Its process runs another program than would be started now.
    package var isOutdated: Bool

    package init(view: InstanceView, pid: Int32?, usage: Usage?, text: String?, isOutdated: Bool = false) {
        (self.view, self.pid, self.usage, self.text) = (view, pid, usage, text)
        self.isOutdated = isOutdated
    }

    /// `now` is when the view was taken.
    package func write(to writer: inout JSONWriter, _ clock: WallClock, at now: Instant) {
        writer.object {
            $0.member("project", view.instance.project.text)
            $0.member("kind", view.instance.kind.text)
            $0.member("ordinal", view.instance.ordinal)
            $0.member("desired", view.desired.rawValue)
            $0.member("observed", view.observed.rawValue)
            $0.member("reason", view.reason)
            $0.member("incarnation", optional: view.incarnation?.number)
            $0.member("generation", optional: view.generation?.number)
            $0.member("pid", optional: pid)
            $0.member("outdated", isOutdated)
            $0.member("user", optional: user)
            $0.member("port", optional: view.port)
            $0.member("since", clock.text(view.since))
            $0.member("restarts", view.restarts)
            $0.name("last_exit")
            if let exit = view.lastExit { exit.write(to: &$0, at: view.lastExitAt, clock) } else { $0.null() }
            $0.member("next_attempt", optional: view.nextAttempt.map { clock.text($0) })
            $0.member("leases", view.leases)
            $0.member("waiters", view.waiters)
            $0.member("busy", view.isBusy)
            $0.member("watched", view.isWatched)
            $0.member("leaving", view.leaving)
            $0.member("memory_bytes", optional: usage?.memoryBytes)
            $0.name("cpu_seconds")
            if let usage { $0.value(usage.cpuSeconds) } else { $0.null() }
            $0.member("status", optional: text)
            $0.member("observed_at", clock.text(usage?.observedAt ?? now))
        }
    }
}

extension Exit {
    func write(to writer: inout JSONWriter, at moment: Instant?, _ clock: WallClock) {
        writer.object {
            $0.member("code", optional: code)
            $0.member("signal", optional: signal)
            $0.member("reason", reason)
            $0.member("at", optional: moment.map { clock.text($0) })
        }
    }

    /// In words: `exited with code 1`, `killed by SIGKILL: out of memory`.
    package var reason: String {
        let base: String? =
            if let signal {
                "killed by \(Self.name(ofSignal: signal))"
            } else if let code {
                code == 0 ? "exited" : "exited with code \(code)"
            } else {
                nil
            }
        return [base, note].compactMap { $0 }.joined(separator: ": ")
    }

    private static func name(ofSignal number: Int32) -> String {
        let names: [Int32: String] = [
            1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
            9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ",
            31: "SIGSYS",
        ]
        return names[number] ?? "signal \(number)"
    }
}

extension JSONWriter {
    /// Null when there is no value.
    mutating func member(_ name: String, optional number: (some FixedWidthInteger)?) {
        self.name(name)
        if let number { value(number) } else { null() }
    }

    /// Null when there is no value.
    mutating func member(_ name: String, optional text: String?) {
        self.name(name)
        if let text { value(text) } else { null() }
    }
}

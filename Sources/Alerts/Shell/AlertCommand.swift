import Alerting
import Glibc
import Linux
import Nouns

/// Runs a program for each notice: the notice as JSON on its standard input, its main words in its environment.
///
/// Exit code 0: delivered; any other, or none within the timeout: another attempt follows. What is still running then
/// is killed with all it started in its group.
struct AlertCommand: AlertTarget {
    let words: [String]
    let timeout: Duration

    var name: String { "command" }

    func deliver(_ body: [UInt8], _ notice: AlertNotice) -> Delivery {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return Delivery(.failed, String(cString: strerror(errno))) }
        // Nobody else in this process starts programs.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Small enough for the pipe's buffer: nobody has to read it.
        _ = write(ends[1], body, body.count)
        close(ends[1])
        defer { close(ends[0]) }
        guard let pid = start(reading: ends[0], notice) else {
            return Delivery(.failed, "it cannot be started: \(String(cString: strerror(errno)))")
        }
        return wait(for: pid)
    }

    private func start(reading input: Int32, _ notice: AlertNotice) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        // What it prints goes to the log of this program.
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let environment = [
            "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "BUNBASE_ALERT=\(notice.alert.key.name)",
            "BUNBASE_ALERT_STATE=\(notice.state.rawValue)", "BUNBASE_ALERT_SUBJECT=\(notice.alert.key.subject)",
            "BUNBASE_ALERT_TEXT=\(notice.alert.text)",
        ]
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        errno = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
        return errno == 0 ? pid : nil
    }

    private func wait(for pid: pid_t) -> Delivery {
        let end = EventLoop.clock() + timeout
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            if EventLoop.clock() > end {
                kill(-pid, SIGKILL)
                waitpid(pid, &status, 0)
                return Delivery(.failed, "it did not end in time")
            }
            usleep(20_000)
        }
        let signal = status & 0x7f
        let code = (status >> 8) & 0xff
        if signal == 0, code == 0 { return Delivery(.delivered) }
        return Delivery(.failed, signal == 0 ? "exit code \(code)" : "signal \(signal)")
    }
}

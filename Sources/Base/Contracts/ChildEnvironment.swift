/// The names by which a supervisor, or systemd, tells a process what it is. No secret travels in these.
package enum ChildEnvironment {
    /// systemd's own: `sd_listen_fds(3)`, `sd_notify(3)`, `sd_watchdog_enabled(3)`.
    package static let listenFDs = "LISTEN_FDS"
    package static let listenPID = "LISTEN_PID"
    package static let listenFDNames = "LISTEN_FDNAMES"
    package static let notifySocket = "NOTIFY_SOCKET"
    package static let watchdogMicroseconds = "WATCHDOG_USEC"
    package static let watchdogPID = "WATCHDOG_PID"

    /// The runtime directory (`RunPaths`).
    package static let run = "BUNBASE_RUN"
    /// Given to processes that have no control channel: third-party kinds, and our own started alone.
    package static let project = "BUNBASE_PROJECT"
    package static let kind = "BUNBASE_KIND"
    package static let incarnation = "BUNBASE_INCARNATION"
    /// The directory that the process may write to; also its working directory.
    package static let data = "BUNBASE_DATA"
    /// Followed by a setting's name in capitals: `BUNBASE_SET_BODY_MAX`.
    package static let settingPrefix = "BUNBASE_SET_"
}

/// The names of the descriptors in `LISTEN_FDNAMES` and in an assignment.
package enum DescriptorName {
    /// A listening TCP socket on the instance's port.
    package static let tcp = "tcp"
    /// A listening unix socket beside it, for HTTP.
    package static let unix = "unix"
    /// A listening `SOCK_SEQPACKET` socket on which connections are handed over.
    package static let handOff = "handoff"
    /// A connected `SOCK_SEQPACKET` socket to the supervisor.
    package static let control = "control"
    /// The front's public sockets.
    package static let http = "http"
    package static let https = "https"
    package static let resp = "resp"
    package static let resps = "resps"
    /// The front's socket for whoever asks for its counters.
    package static let metrics = "metrics"
    /// The platform's sockets.
    package static let keys = "keys"
    package static let platform = "platform"
}

/// The lines that a child sends to its notify socket beyond systemd's own READY, STATUS, STOPPING and WATCHDOG.
package enum NotifyKey {
    /// `1`, in one datagram with `READY=1`: not the assignment was carried out, but a blank process waits for one.
    package static let blank = "X_BUNBASE_BLANK"
    /// `1`: open work (handed-over connections, transactions) forbids sleep; `0`: none is left.
    package static let busy = "X_BUNBASE_BUSY"
    /// `1`: a shared service has nothing to do and need not be watched until something connects.
    package static let quiet = "X_BUNBASE_QUIET"
    /// With `alertSubject` and, unless it is over, `alertText` in one datagram of a shared service: an `AlertWord`.
    package static let alert = "X_BUNBASE_ALERT"
    package static let alertSubject = "X_BUNBASE_ALERT_SUBJECT"
    package static let alertText = "X_BUNBASE_ALERT_TEXT"
    /// From the supervisor to whoever started it: `1`: everything is down and the exit that follows is the end. An
    /// exit without it, also with code 0, is one after which the supervisor is to be started again.
    package static let finished = "X_BUNBASE_FINISHED"
}

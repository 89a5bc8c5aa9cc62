import Contracts
import Nouns
import Supervision

/// All that an operator decides about a cluster: the cluster file with the environment's overrides, checked as a whole.
///
/// The file is YAML; every key with its meaning and default stands in `cluster/local.yaml`. A value of this type is
/// free of contradictions: `load` refuses everything else.
package struct ClusterFile: Hashable, Sendable {
    /// The file that was read, as given.
    package var path: String
    /// The name by which status, logs and other nodes know this one.
    package var node = "local"
    /// Lets tests inject faults. Never in production.
    package var isTesting = false
    package var home: Home
    /// Where the front serves HTTP.
    package var http = Address("127.0.0.1:8090")!
    /// Where the front serves HTTP over TLS; nil: nowhere.
    package var https: Address?
    /// Where the front serves the Redis protocol over TLS; nil: nowhere.
    package var resps: Address?
    /// Where the front serves the Redis protocol.
    package var resp = Address("127.0.0.1:6379")!
    /// Where the supervisor serves its status to readers. A loopback address.
    package var status = Address("127.0.0.1:8091")!
    package var supervision = Supervision.Settings()
    /// How each kind of `supervision.kinds` is run; the same keys.
    package var programs: [Kind: ProgramSettings] = [:]
    /// Longest prefix first.
    package var routes: [Route] = []
    package var front = FrontLimits()
    package var http2 = HTTP2Settings()
    package var proxies = ProxySettings()
    package var tls = TLSSettings()
    /// Loops of the front, one thread each; nil: one for each core, up to 16.
    package var frontLoops: Int?
    package var logs = LogSettings()
    package var isolation = IsolationSettings()

    /// The defaults, without kinds and routes.
    package init(path: String, home: Home) {
        (self.path, self.home) = (path, home)
        logs.directory = home.logs
    }

    /// The kinds with one process for the cluster, in order.
    package var services: [Kind] {
        supervision.kinds.filter { $0.value.scope == .service }.keys.sorted()
    }
}

/// What stands between projects, as far as it concerns the whole cluster.
package struct IsolationSettings: Hashable, Sendable {
    /// The user ids that projects and services get, one each; the first is the services' group. Nil: all processes run
    /// as the supervisor's own user.
    package var users: ClosedRange<UInt32>? = 600_000...731_071
    /// Whether the supervisor starts only where every wall of every kind can be built.
    package var isRequired = false

    package init() {}
}

/// Where the log files of a cluster lie and how much room they may take.
package struct LogSettings: Hashable, Sendable {
    /// Absolute.
    package var directory = ""
    /// Bytes; a file that would grow beyond is set aside and a new one begun.
    package var fileMax = 16 << 20
    /// Files set aside that are kept, each kind by itself.
    package var filesKept = 4

    package init() {}
}

import Nouns

/// What the supervisor says to a child of ours on its control channel (`DescriptorName.control`), one
/// `SOCK_SEQPACKET` packet each.
///
/// A child starts blank and waits for `assign`; so a new process and a warm one that takes a project over walk the
/// same path. It says on its notify socket:
///
/// - `READY=1` with `NotifyKey.blank`, in one datagram, when it waits and no assignment has come yet: that is how a
///   warm one counts as ready. The supervisor may have sent one meanwhile; then this tells it nothing.
/// - `READY=1` alone when the assignment is carried out and it serves.
///
/// A supervisor that was restarted and was handed the channel again says `resume`, behind a repeated `assign` when it
/// does not know that the child serves.
///
/// When the channel ends, the supervisor is gone for good: a child with an assignment goes on serving, and pings on its
/// own for the rest of its life, with `READY=1` once it serves and `NotifyKey.busy` as it is; a blank one exits with 0.
package enum ControlChannel {
    package static let version = 1

    package enum FromSupervisor: Hashable, Sendable {
        /// Carries the descriptors that `Assignment.descriptors` names, in that order. One for the incarnation that
        /// the child is already is passed over.
        case assign(Assignment)
        /// A new life of the supervisor watches nobody yet and asks for what its last one may have missed. The answer
        /// is one datagram: `READY=1` if the child serves, `NotifyKey.busy` as it is, `STOPPING=1` if it is ending.
        case resume
        /// From now on the watchdog counts (answer with `WATCHDOG=1` at once, then at half its period), or no longer.
        case watch(Bool)
        /// The project's key is another now: whoever came over with the old one must go (`HandOff`).
        case rekeyed
        /// A successor serves on the same sockets: take on nothing new, finish what is under way, and end. SIGTERM
        /// follows when that takes too long.
        case relieved
    }
}

/// What a process is to be.
package struct Assignment: Hashable, Sendable {
    package var instance: InstanceID
    package var incarnation: Incarnation
    package var generation: Generation
    /// Nil for shared services.
    package var token: Token?
    /// The only directory that the process may write to. Exists.
    package var data: String
    package var descriptors: [String]
    /// The watchdog's period; nil for none.
    package var watchdog: Duration?
    /// Settings of the kind from the cluster file, by name: `body_max`, `cache`, …
    package var settings: [String: String]
    /// What the process shuts itself in with, before it opens data.
    package var walls = Walls()

    package init(
        instance: InstanceID, incarnation: Incarnation, generation: Generation, token: Token?, data: String,
        descriptors: [String], watchdog: Duration?, settings: [String: String] = [:]
    ) {
        (self.instance, self.incarnation, self.generation) = (instance, incarnation, generation)
        (self.token, self.data, self.descriptors) = (token, data, descriptors)
        (self.watchdog, self.settings) = (watchdog, settings)
    }
}

/// What a process that started blank shuts itself in with, once it knows whose it is.
package struct Walls: Hashable, Sendable {
    /// The user and the group that it becomes; nil: it stays who it is.
    package var user: UInt32?
    package var group: UInt32?
    /// Whether it gives up all files but its data directory, and those that it may read and execute.
    package var closesFiles = false
    package var readable: [String] = []
    /// Directories besides its own that it may write in.
    package var writable: [String] = []
    /// Whether it gives up binding and connecting TCP sockets of its own.
    package var closesPorts = false
    /// The group of the cluster's services, whose processes may speak on its sockets like its own user's; nil where
    /// they are of that user.
    package var services: UInt32?

    package init() {}

    static let pathsMax = 16

    fileprivate func write(to message: inout Message) {
        message.set("USER", user)
        message.set("GROUP", group)
        message.set("SERVICES", services)
        if closesFiles { message.set("CLOSE", closesPorts ? "files ports" : "files") }
        for (number, path) in readable.prefix(Self.pathsMax).enumerated() { message.set("READ_\(number)", path) }
        for (number, path) in writable.prefix(Self.pathsMax).enumerated() { message.set("WRITE_\(number)", path) }
    }

    fileprivate init(_ message: Message) throws(Message.Malformed) {
        user = try message.optional("USER") { UInt32($0) }
        group = try message.optional("GROUP") { UInt32($0) }
        services = try message.optional("SERVICES") { UInt32($0) }
        let closed = message["CLOSE"]?.split(separator: " ") ?? []
        (closesFiles, closesPorts) = (closed.contains("files"), closed.contains("ports"))
        readable = message.fields.filter { $0.key.hasPrefix("READ_") }.map(\.value)
        writable = message.fields.filter { $0.key.hasPrefix("WRITE_") }.map(\.value)
    }
}

extension ControlChannel.FromSupervisor {
    package var message: Message {
        switch self {
        case .assign(let assignment):
            var message = Message("assign")
            message.set("VERSION", ControlChannel.version)
            message.set("INSTANCE", assignment.instance)
            message.set("INCARNATION", assignment.incarnation)
            message.set("GENERATION", assignment.generation)
            message.set("TOKEN", assignment.token?.hex)
            message.set("DATA", assignment.data)
            message.set("FDS", assignment.descriptors.joined(separator: ":"))
            message.set("WATCHDOG_MS", assignment.watchdog?.millisecondsRoundedUp)
            for (name, value) in assignment.settings.sorted(by: { $0.key < $1.key }) {
                message.set("SET_" + name.uppercased(), value)
            }
            assignment.walls.write(to: &message)
            return message
        case .resume: return Message("resume")
        case .watch(let isOn):
            var message = Message("watch")
            message.set("ON", isOn ? 1 : 0)
            return message
        case .rekeyed: return Message("rekeyed")
        case .relieved: return Message("relieved")
        }
    }

    package init(_ message: Message) throws(Message.Malformed) {
        switch message.type {
        case "assign":
            var settings: [String: String] = [:]
            for field in message.fields where field.key.hasPrefix("SET_") {
                settings[field.key.dropFirst(4).lowercased()] = field.value
            }
            var assignment = Assignment(
                instance: try message.instance(),
                incarnation: try message.required("INCARNATION") { Incarnation($0) },
                generation: try message.generation(), token: try message.optional("TOKEN") { Token($0) },
                data: try message.required("DATA"),
                descriptors: try message.required("FDS").split(separator: ":").map(String.init),
                watchdog: try message.optional("WATCHDOG_MS") { Int64($0) }.map { .milliseconds($0) },
                settings: settings)
            assignment.walls = try Walls(message)
            self = .assign(assignment)
        case "resume": self = .resume
        case "watch": self = .watch(try message.required("ON") == "1")
        case "rekeyed": self = .rekeyed
        case "relieved": self = .relieved
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}

import Config
import Contracts
import Glibc
import Linux
import Nouns

/// What stands between a process and everything that is not its own: what the cluster file wants, as far as this
/// machine and the supervisor's own rights allow.
///
/// A process that starts blank is born with its filter and its namespaces and keeps only the right to become a user;
/// when it is told what it is, it becomes that user and enters its rules (`Walls`). One that is told at its birth has
/// all of it from the first instruction on.
package final class Sandbox {
    /// Nil: all processes run as the supervisor's own user.
    package let users: Users?
    /// Why there are no users.
    private let usersLack: String?
    /// Why there are no namespaces.
    private let namespacesLack: String?
    private let hasFilter = access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0
    private let home: Home

    package init(_ cluster: ClusterFile, journal: Journal) throws(SystemError) {
        home = cluster.home
        usersLack = Self.usersLack(cluster)
        if let range = cluster.isolation.users, usersLack == nil {
            users = try Users(range, services: cluster.services, home: cluster.home, journal: journal)
        } else {
            users = nil
        }
        let wantsNamespaces = cluster.programs.values.contains {
            $0.isolation.network == .empty || $0.isolation.hasOwnTemporary
        }
        namespacesLack = wantsNamespaces ? Self.namespacesLack(cluster.home) : nil
    }

    /// Whether each process gets a user of its own; asked before there is a journal.
    package static func givesUsers(_ cluster: ClusterFile) -> Bool { usersLack(cluster) == nil }

    private static func usersLack(_ cluster: ClusterFile) -> String? {
        guard cluster.isolation.users != nil else { return "isolation.uids is none" }
        let missing = Capabilities.superviseUsers.subtracting(.current)
        guard missing.isEmpty else {
            return "the supervisor runs as user \(geteuid()) without \(missing.names.joined(separator: ", "))"
        }
        for path in [cluster.home.directory, cluster.home.run.directory] {
            // The home itself is opened by whoever needs it open (`makePassable`).
            if let closed = closedDirectory(above: path), closed != cluster.home.directory {
                return "\(closed) is closed to other users: open it (chmod o+x) or move `home`"
            }
        }
        return nil
    }

    /// The first directory on the way that only its owner may pass through.
    private static func closedDirectory(above path: String) -> String? {
        let parts = path.split(separator: "/").dropLast()
        for count in 1..<max(2, parts.count + 1) {
            let directory = "/" + parts.prefix(count).joined(separator: "/")
            var status = stat()
            guard stat(directory, &status) == 0 else { return nil }
            if status.st_mode & 0o001 == 0 { return directory }
        }
        return nil
    }

    /// Found out by trying: a container may forbid what the capability allows.
    private static func namespacesLack(_ home: Home) -> String? {
        guard Capabilities.current.contains(.administer) else { return "the supervisor lacks CAP_SYS_ADMIN" }
        var plan = SpawnPlan("/bin/true")
        plan.hasOwnNetwork = true
        plan.temporary = temporary(home)
        do throws(SpawnError) {
            let process = try ChildProcess.spawn(plan)
            while process.poll() == nil { usleep(200) }
            return nil
        } catch {
            return error.step == .execute ? nil : "namespaces cannot be made: \(error)"
        }
    }

    /// What is private: not what the cluster itself lies in.
    private static func temporary(_ home: Home) -> [String] {
        ["/tmp", "/var/tmp", "/dev/shm"].filter { directory in
            access(directory, F_OK) == 0
                && ![home.directory, home.run.directory].contains { $0.hasPrefix(directory + "/") }
        }
    }

    // MARK: Building

    /// What a process is born with. `instance`: nil for one that starts blank.
    func apply(
        to plan: inout SpawnPlan, _ program: ProgramSettings, as instance: InstanceID?
    ) throws(SystemError) {
        let isolation = program.isolation
        plan.limits += [ResourceLimit(.messageQueues, 0), ResourceLimit(.lockedMemory, 1 << 20)]
        if hasFilter, isolation.hasFilter {
            plan.filter = isolation.network == .inherited ? .inheritedSockets : .common
        }
        if namespacesLack == nil {
            plan.hasOwnNetwork = isolation.network == .empty
            plan.temporary = isolation.hasOwnTemporary ? Self.temporary(home) : []
        }
        plan.environment["TMPDIR"] = plan.temporary.contains("/tmp") ? "/tmp" : "."
        guard let instance else {
            if users != nil { plan.capabilities = .becomeUser }
            return
        }
        let walls = try walls(of: instance, program)
        if let user = walls.user, let group = walls.group {
            plan.user = SpawnPlan.User(uid: user, gid: group)
            plan.capabilities = []
        }
        guard walls.closesFiles else { return }
        var places: [Landlock.Place] = [.init(plan.directory, .write), .init("/dev/null", .write)]
        places += plan.temporary.map { .init($0, .write) }
        places += (walls.readable + [program.program]).map { .init($0, .execute) }
        plan.landlock = try Landlock.rules(places, closesPorts: walls.closesPorts)
    }

    /// What a process shuts itself in with when it is told whose it is.
    func walls(of instance: InstanceID, _ program: ProgramSettings) throws(SystemError) -> Walls {
        var walls = Walls()
        if let users {
            (walls.user, walls.group) = try users.identity(of: instance)
            walls.services = users.services
        }
        guard program.isolation.hasLandlock, Landlock.version > 0 else { return walls }
        walls.closesFiles = true
        walls.closesPorts = program.isolation.network == .inherited
        walls.readable = program.isolation.readable
        if namespacesLack == nil, program.isolation.hasOwnTemporary { walls.writable = Self.temporary(home) }
        return walls
    }

    /// Makes an instance's data directory, and gives it and all in it to the instance's user.
    func establish(_ path: String, for instance: InstanceID) throws(SystemError) {
        if let users { try users.establish(path, for: instance) } else { try Directory.make(path, mode: 0o700) }
    }

    /// Lets an instance's process, and no other, write to a socket.
    func give(_ path: String, to instance: InstanceID) throws(SystemError) {
        guard let users else { return }
        try Socket.give(path, to: try users.identity(of: instance).user, nil, mode: 0o600)
    }

    /// Lets the cluster's services connect to a socket, and nobody else but root.
    package func giveToServices(_ path: String) throws(SystemError) {
        guard let users else { return }
        try Socket.give(path, to: nil, users.services, mode: 0o660)
    }

    /// Whether somebody speaks for the cluster: root, this process's user, or one of its services.
    package func isOurs(_ peer: PeerCredentials) -> Bool { peer.isOurs(users?.services) }

    // MARK: Telling

    /// Each wall, whether it stands, and what it is made of.
    func report(_ programs: [Kind: ProgramSettings]) -> [Isolation.Wall] {
        func kinds(_ isOff: (ProgramSettings.Isolation) -> Bool) -> String? {
            let off = programs.filter { isOff($0.value.isolation) }.keys.sorted().map(\.text)
            return off.isEmpty ? nil : "not for \(off.joined(separator: ", ")), by the cluster file"
        }
        func landlock(_ version: Int) -> String? {
            Landlock.version >= version ? "landlock \(Landlock.version)" : nil
        }
        let noLandlock = "the kernel has landlock \(Landlock.version)"
        let open = kinds { !$0.hasLandlock }
        let filter = hasFilter ? "seccomp" : nil
        let wantsTemporary = programs.values.contains { $0.isolation.hasOwnTemporary }
        let wantsNetwork = programs.values.contains { $0.isolation.network == .empty }
        let hidden = Self.temporary(home)
        var walls: [Isolation.Wall] = [
            .init(
                "users", by: users.map { "user ids \($0.range.lowerBound)-\($0.range.upperBound)" },
                note: usersLack.map { "all processes run as user \(geteuid()): \($0)" }),
            .init("files", by: landlock(1), note: landlock(1) == nil ? noLandlock : open),
            .init(
                "signals", by: landlock(Landlock.scopesVersion) ?? users.map { _ in "users" },
                note: landlock(Landlock.scopesVersion) == nil ? "\(noLandlock), 6 is needed" : open),
            .init(
                "abstract_sockets", by: landlock(Landlock.scopesVersion),
                note: landlock(Landlock.scopesVersion) == nil ? "\(noLandlock), 6 is needed" : open),
            .init(
                "system_calls", by: filter,
                note: filter == nil ? "the kernel has no seccomp filters" : kinds { !$0.hasFilter }),
            .init(
                "network", by: filter ?? landlock(Landlock.portsVersion), note: kinds { $0.network == .host }),
            .init("privileges", by: "no_new_privs", note: nil),
        ]
        if wantsNetwork {
            walls.append(
                .init("network_namespace", by: namespacesLack == nil ? "CLONE_NEWNET" : nil, note: namespacesLack))
        }
        if wantsTemporary {
            walls.append(
                .init(
                    "private_tmp", by: namespacesLack == nil ? "CLONE_NEWNS: \(hidden.joined(separator: ", "))" : nil,
                    note: namespacesLack.map { "\($0); temporary files lie in the data directory" }))
        }
        return walls
    }
}

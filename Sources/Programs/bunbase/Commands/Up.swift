import ArgumentParser
import Config
import Contracts
import Foundation
import Launcher
import Linux
import Nouns
import Terminal

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts a cluster, and stops it at Ctrl-C.",
        discussion: """
            The environment wins over the cluster file: BUNBASE_HOME (all state), BUNBASE_HTTP, BUNBASE_RESP, \
            BUNBASE_STATUS (addresses), BUNBASE_PORTS (the pool). With other values another cluster runs beside.
            """)

    @Flag(name: .shortAndLong, help: "Return when the cluster is ready; bunbase down stops it.")
    var detach = false

    @Option(
        help: "The cluster file. Else cluster/local.yaml above this program, else /etc/bunbase/cluster.yaml.",
        completion: .file())
    var cluster: String?

    @Option(help: "Seconds that --detach waits for the cluster to be ready.")
    var wait = 60

    func validate() throws {
        guard (1...3600).contains(wait) else { throw ValidationError("--wait is a number of seconds from 1 to 3600.") }
    }

    func run() throws {
        Self.makeHomeAbsolute()
        let path = try clusterPath()
        let file = try ClusterFile.loadOrFail(path)
        if let pid = runningPID(file.home) { return try tellRunning(file.home, pid) }
        try prepare(file)
        let running = RunningCluster(file)
        let text = running.announcement("is ready", next: "\(Self.commandName(file.home)) projects create demo")
        let announcement = file.home.run.directory + "/announcement"
        do {
            try running.write(to: file.home)
            try (text + "\nCtrl-C stops everything.").write(toFile: announcement, atomically: true, encoding: .utf8)
        } catch {
            throw Failure(.refused, "\(file.home.run.directory) cannot be written to: \(error.localizedDescription)")
        }
        let arguments = LaunchArguments(
            run: file.home.run.directory, http: "\(file.http)", https: file.https.map { "\($0)" },
            resp: "\(file.resp)", resps: file.resps.map { "\($0)" }, status: "\(file.status)",
            supervisor: Self.sibling("bunbase-supervisor"), cluster: path, announcement: announcement,
            log: detach ? file.logs.directory + "/init.log" : nil)
        guard detach else { try Self.become(arguments) }
        try Detached(arguments, patience: .seconds(wait)).start()
        print(text)
    }

    // MARK: A cluster that runs already

    /// The launcher's process, or, when that was killed, the supervisor's.
    private func runningPID(_ home: Home) -> Int32? {
        RunLock.holder(at: RunLock.launcherPath(in: home.run.directory)) ?? RunLock.holder(at: home.run.lock)
    }

    private func tellRunning(_ home: Home, _ pid: Int32) throws(Failure) {
        let next = "\(Self.commandName(home)) status"
        let state = "is already running (process \(pid))"
        print(RunningCluster(home)?.announcement(state, next: next) ?? "BunBase \(state) in \(home.directory).")
        if !RunLock.isHeld(at: RunLock.launcherPath(in: home.run.directory)) {
            print("Its launcher was killed; nobody restarts the supervisor. bunbase down and up again heal that.")
        }
    }

    // MARK: Preparing

    private func clusterPath() throws(Failure) -> String {
        let directory = FileManager.default.currentDirectoryPath
        if let cluster { return ClusterLocation.absolute(cluster, from: directory) }
        var candidates: [String] = []
        var above = ClusterLocation.parent(Cluster.program)
        while above != "/" {
            candidates.append(above + "/cluster/local.yaml")
            above = ClusterLocation.parent(above)
        }
        candidates.append("/etc/bunbase/cluster.yaml")
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw Failure(.refused, "No cluster file was found. Name one with --cluster FILE.")
        }
        return found
    }

    private func prepare(_ file: ClusterFile) throws(Failure) {
        let home = file.home
        do {
            for path in [home.directory, home.data, file.logs.directory, home.run.directory] {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw Failure(
                .refused,
                "\(home.directory) cannot be made: \(error.localizedDescription) "
                    + "Set BUNBASE_HOME to a directory that can."
            )
        }
        for name in ["bunbase-init", "bunbase-supervisor"] where access(Self.sibling(name), X_OK) != 0 {
            throw Failure(
                .refused, "\(Self.sibling(name)) is missing. Build it with: scripts/up, or swift build -c release")
        }
    }

    /// The programs it starts find their home in the environment, wherever they run.
    private static func makeHomeAbsolute() {
        guard let home = ProcessInfo.processInfo.environment["BUNBASE_HOME"], !home.isEmpty else { return }
        setenv("BUNBASE_HOME", ClusterLocation.absolute(home, from: FileManager.default.currentDirectoryPath), 1)
    }

    static func sibling(_ name: String) -> String { ClusterLocation.parent(Cluster.program) + "/" + name }

    /// What to type to reach this cluster from here.
    private static func commandName(_ home: Home) -> String {
        let called = CommandLine.arguments[0]
        var plain = ProcessInfo.processInfo.environment
        plain["BUNBASE_HOME"] = nil
        let found = ClusterLocation.home(
            environment: plain, calledAs: called, program: Cluster.program,
            workingDirectory: FileManager.default.currentDirectoryPath)
        return found.map { Home($0) } == home ? called : "BUNBASE_HOME=\(home.directory) \(called)"
    }

    /// Goes on as the launcher, in this process: Ctrl-C reaches it directly.
    private static func become(_ arguments: LaunchArguments) throws(Failure) -> Never {
        let program = sibling("bunbase-init")
        let words = ([program] + arguments.words).map { strdup($0) } + [nil]
        execv(program, words)
        throw Failure(.refused, "\(program) cannot be started: \(String(cString: strerror(errno)))")
    }
}

import Config
import Contracts
import Foundation
import Glibc
import JSON
import Synchronization

/// A whole cluster of the real programs, in a folder and on ports of its own, for one test, one measurement or one run
/// of chaos; or one that runs already.
package final class TrialCluster: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    /// A project with its key.
    package struct Project: Sendable {
        package let id: String
        package let slug: String
        package let key: String

        package init(id: String, slug: String, key: String) {
            (self.id, self.slug, self.key) = (id, slug, key)
        }
    }

    package let home: String
    package let programs: String
    package let user: UInt32?
    private let variables: [String: String]
    package let httpPort: UInt16
    package let respPort: UInt16
    package let statusPort: UInt16
    package let ports: ClosedRange<UInt16>
    package let clusterFile: String

    /// Where the cluster's sockets lie.
    package var sockets: RunPaths { Home(home).run }
    package var front: BlockingConnection.Address { .port(httpPort) }
    package var control: BlockingConnection.Address { .unix(sockets.control) }
    package var platform: BlockingConnection.Address { .unix(sockets.platform) }

    /// Where the programs lie: `BUNBASE_BIN_DIR`, or beside the running one.
    package static var programsBesideMe: String {
        if let folder = ProcessInfo.processInfo.environment["BUNBASE_BIN_DIR"] { return folder }
        var path = URL(filePath: CommandLine.arguments[0]).standardizedFileURL.deletingLastPathComponent()
        // Tests run from a bundle in the build folder, or from the toolchain's runner with the bundle as argument.
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            path = URL(filePath: argument).deletingLastPathComponent()
            if argument.contains(".xctest/") { path = path.deletingLastPathComponent() }
        }
        return path.path
    }

    /// Starts a cluster from the text of a cluster file and returns when it is ready.
    ///
    /// - Parameters:
    ///   - portCount: how many ports its pool has.
    ///   - user: whom its processes run as; nil: whoever runs this.
    ///   - variables: added to the environment of all its programs.
    package convenience init(
        clusterFile text: String, portCount: Int = 300, user: UInt32? = nil, variables: [String: String] = [:],
        programs: String = programsBesideMe
    ) throws {
        try self.init(
            clusterFile: { _ in text }, portCount: portCount, user: user, variables: variables, programs: programs)
    }

    /// The same, from a text that names the cluster's home.
    package init(
        clusterFile text: (_ home: String) -> String, portCount: Int = 300, user: UInt32? = nil,
        variables: [String: String] = [:], programs: String = programsBesideMe, in directory: String = "/tmp"
    ) throws {
        (self.programs, self.user, self.variables) = (programs, user, variables)
        isStopped = Mutex(false)
        home = "\(directory)/bunbase-trial-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        clusterFile = home + "/cluster.yaml"
        try text(home).write(toFile: clusterFile, atomically: true, encoding: .utf8)
        if let user { chown(home, user, user) }
        let base = try Self.freePorts(portCount + 3)
        (httpPort, respPort, statusPort) = (base, base + 1, base + 2)
        ports = base + 3...base + 2 + UInt16(portCount)
        let (code, output) = try run(["up", "--detach", "--cluster", clusterFile])
        guard code == 0 else {
            stop()
            throw Failure("the cluster did not start (\(code)):\n\(output)\n\(log)")
        }
    }

    /// A cluster that runs already, whose front is reached at these ports of this machine. `stop` leaves it as it is.
    package init(attachedTo home: String, http: UInt16, resp: UInt16, programs: String = programsBesideMe) {
        (self.home, self.programs, user, variables) = (home, programs, nil, [:])
        (httpPort, respPort, statusPort) = (http, resp, 0)
        (ports, clusterFile) = (1...1, "")
        isStopped = Mutex(true)
    }

    deinit { stop() }

    /// Also of one that was never ours to stop.
    private let isStopped: Mutex<Bool>

    /// Ends everything and removes the folder. Further calls do nothing.
    package func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        _ = try? run(["down"])
        try? FileManager.default.removeItem(atPath: home)
    }

    /// What the command line is told about where the cluster is.
    package var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        environment["BUNBASE_HOME"] = home
        environment["BUNBASE_HTTP"] = "127.0.0.1:\(httpPort)"
        environment["BUNBASE_RESP"] = "127.0.0.1:\(respPort)"
        environment["BUNBASE_STATUS"] = "127.0.0.1:\(statusPort)"
        environment["BUNBASE_PORTS"] = "\(ports.lowerBound)-\(ports.upperBound)"
        return environment
    }

    /// Runs the command line against this cluster and waits for its end.
    @discardableResult
    package func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let identity = user.map { ["setpriv", "--reuid", "\($0)", "--regid", "\($0)", "--clear-groups"] } ?? []
        process.arguments = identity + [programs + "/bunbase"] + arguments
        process.environment = environment
        // A file, not a pipe: what the command leaves running keeps its output open.
        let path = home + "/output-\(UInt32.random(in: 0 ... .max))"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try file.close()
        let output = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(atPath: path)
        return (process.terminationStatus, output)
    }

    /// The supervisor's own log so far.
    package var log: String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home + "/logs")) ?? []
        return names.sorted().compactMap { try? String(contentsOfFile: home + "/logs/" + $0, encoding: .utf8) }
            .joined(separator: "\n")
    }

    package func createProject(_ name: String) throws -> Project {
        let body = JSONValue.object(JSONObject([("name", .string(name))])).bytes
        let answer = try exchange(platform, "POST", "/projects", body: body)
        guard answer.status == 201, let id = answer.json["id"]?.string, let slug = answer.json["slug"]?.string,
            let key = answer.json["public_api_key"]?.string
        else { throw Failure("creating a project: \(answer.status) \(answer.text)") }
        return Project(id: id, slug: slug, key: key)
    }

    /// Tells the supervisor to do something with an instance, and returns when it is done.
    package func command(_ verb: String, _ project: Project, _ kind: String) throws {
        let answer = try exchange(control, "POST", "/instances/\(project.id)/\(kind)/\(verb)", patience: .seconds(60))
        guard (200..<300).contains(answer.status) else { throw Failure("\(verb): \(answer.status) \(answer.text)") }
    }

    package func status() throws -> JSONValue { try exchange(control, "GET", "/status").json }

    /// The status of one instance.
    package func instance(_ project: Project, _ kind: String) throws -> JSONValue {
        try exchange(control, "GET", "/instances/\(project.id)/\(kind)").json
    }

    package func pid(_ project: Project, _ kind: String) throws -> Int32? {
        try instance(project, kind)["pid"]?.int.map(Int32.init)
    }

    /// The pid of a service: `front`, `platform`.
    package func pid(service: String) throws -> Int32? {
        try status()["services"]?.array?.first { $0["kind"]?.string == service }?["pid"]?.int.map(Int32.init)
    }

    /// The first port of a run of free ones, below those that the kernel gives to clients.
    private static func freePorts(_ count: Int) throws -> UInt16 {
        for _ in 0..<200 {
            let base = UInt16.random(in: 10_000...UInt16(32_000 - count))
            if (0..<3).allSatisfy({ isFree(base + $0) }) { return base }
        }
        throw Failure("no free ports")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
}

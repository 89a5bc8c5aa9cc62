import Contracts
import Glibc
import HTTP
import JSON
import Linux
import Nouns
import PlatformShell
import Service
import Testing

/// A platform with everything around it, in one folder and on one loop: its supervisor is played by this.
final class Site {
    let loop: EventLoop
    let home: String
    var service: PlatformService?
    var paths: PlatformPaths
    var settings = PlatformSettings()
    private(set) var supervisor: HTTPServer?
    /// What the supervisor has been told, as `PUT id`, `DELETE id`, and `ALL id,id`.
    var orders: [String] = []
    /// How the supervisor answers.
    var supervise: (Request, Responder) -> Void = { _, responder in responder.send(.empty()) }

    init() throws {
        loop = try EventLoop()
        home = "/tmp/bunbase-platform-\(getpid())-\(String(Random.word(), radix: 16))"
        for folder in ["", "/data", "/data/platform", "/data/projects", "/run"] { mkdir(home + folder, 0o700) }
        paths = PlatformPaths(data: home + "/data/platform", control: home + "/run/control.sock")
    }

    deinit {
        _ = try? Shell.run("/bin/chmod", "-R", "u+rwx", home)
        _ = try? Shell.run("/bin/rm", "-rf", home)
    }

    func startSupervisor() throws {
        let server = HTTPServer(on: loop) { [unowned self] request, responder in
            let id = request.segments.dropFirst().first
            let ids = (try? JSONValue(parsing: request.body))?.array?.compactMap(\.string).joined(separator: ",")
            orders.append(id.map { "\(request.methodName) \($0)" } ?? "ALL \(ids ?? "?")")
            supervise(request, responder)
        }
        try server.listen(on: Socket.listen(at: paths.control!, .stream), .operators)
        supervisor = server
    }

    func stopSupervisor() throws {
        var isDone = false
        supervisor?.drain { isDone = true }
        try loop.turn(until: isDone)
        supervisor = nil
    }

    /// Starts the platform, after a crash of the one before if there was one.
    func start() throws {
        crash()
        let service = try PlatformService(paths, settings, on: loop)
        try service.start(
            operators: Socket.listen(at: home + "/run/platform.sock", .stream),
            fronts: Socket.listen(at: home + "/run/keys.sock", .packets))
        self.service = service
    }

    /// Waits until nothing is going on any more.
    func settle() throws {
        try loop.turn(until: service?.isIdle == true, "never idle")
    }

    /// Leaves the running platform where it is: nothing that it began goes on.
    func crash() {
        service?.abandon()
        service = nil
    }

    func drain() throws {
        var isDone = false
        service?.drain { isDone = true }
        try loop.turn(until: isDone)
        service = nil
    }

    func ask(
        _ method: StaticString, _ target: String, _ body: JSONValue? = nil
    ) throws -> (status: Int, body: JSONValue) {
        let answer = try ask(method, target, bytes: body?.bytes)
        return (answer.status, try JSONValue(parsing: answer.body))
    }

    func ask(_ method: StaticString, _ target: String, bytes: [UInt8]?) throws -> HTTPClient.Answer {
        var result: Result<HTTPClient.Answer, HTTPClient.Failure>?
        begin(method, target, bytes) { result = $0 }
        try loop.turn(until: result != nil, "no answer")
        return try #require(result).get()
    }

    /// Sends a request whose answer may never come.
    func begin(
        _ method: StaticString, _ target: String, _ body: [UInt8]? = nil,
        _ completion: @escaping HTTPClient.Completion = { _ in }
    ) {
        HTTPClient(to: .unix(home + "/run/platform.sock"), on: loop)
            .send(method, target, body: body, timeout: .seconds(30), completion)
    }

    @discardableResult
    func create(_ name: String) throws -> (id: String, slug: String, key: String) {
        let answer = try ask("POST", "/projects", ["name": .string(name)])
        #expect(answer.status == 201, "\(answer.body.text)")
        return (
            try #require(answer.body["id"]?.string), try #require(answer.body["slug"]?.string),
            try #require(answer.body["public_api_key"]?.string)
        )
    }

    /// The key table's file as a front would read it.
    func snapshot() throws -> [String: String] {
        let entries = try KeySnapshot(decoding: try bytes(of: paths.data + "/keys.table")).entries
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.project.text, $0.key) })
    }

    func bytes(of path: String) throws -> [UInt8] {
        let file = Descriptor(try SystemError.check("open", path: path) { open(path, O_RDONLY | O_CLOEXEC) })
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file.number, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    func write(_ text: String, to path: String) {
        let file = fopen(path, "w")
        fputs(text, file)
        fclose(file)
    }
}

/// Runs a program to its end.
enum Shell {
    static func run(_ path: String, _ arguments: String...) throws -> Int32 {
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, path, nil, nil, &words, nil) == 0 else { throw SystemError("posix_spawn", path: path) }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }
}

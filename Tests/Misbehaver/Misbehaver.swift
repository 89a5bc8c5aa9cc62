import CLinux
import Contracts
import Glibc
import Linux
import Nouns
import Service

/// Serves, until it is asked to do otherwise.
final class Misbehaver {
    private unowned let child: Child
    private var server: HTTPServer?
    private var isDeaf = false
    private var project = ""
    private var hoard: [UnsafeMutableRawPointer] = []

    init(_ child: Child) { self.child = child }

    func assigned(_ assignment: Assignment, _ descriptors: inout PassedDescriptors) throws {
        switch text(of: assignment.data + "/start") {
        case "exit0": exit(0)
        case "crash": kill(getpid(), SIGKILL)
        case "never": return
        case "deaf and never": isDeaf = true; return
        case "slow": Glibc.sleep(1)
        default: break
        }
        var router = Router()
        router.get("/do/{what}") { [unowned self] request, responder in
            act(request.parameter("what"), responder)
        }
        // For what ends in a crash: a front may send a GET once more, and the successor would do it too.
        router.post("/do/{what}") { [unowned self] request, responder in
            act(request.parameter("what"), responder)
        }
        router.put("/start/{how}") { request, responder in
            responder.send(
                Self.save(request.parameter("how"), to: assignment.data + "/start") ? .empty() : .empty(500))
        }
        let routes = router
        let server = HTTPServer(on: child.loop, token: assignment.token) { routes.handle($0, $1) }
        for name in [DescriptorName.tcp, DescriptorName.unix] {
            for descriptor in descriptors.take(name) { try server.listen(on: descriptor, .token) }
        }
        self.server = server
        project = assignment.instance.project.text
        child.ready()
    }

    func terminated() {
        guard !isDeaf else { return }
        server?.drain { [unowned self] in child.finish() }
    }

    private func act(_ what: String, _ responder: Responder) {
        switch what {
        case "pid": break
        case "who": return responder.send(.text(200, project))
        case "exit0": exit(0)
        case "crash": kill(getpid(), SIGKILL)
        case "hang": while true { pause() }
        case "eat": eat()
        case "hoard": while open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 {}
        case "fork": fork(); return responder.send(.text(200, "\(count) processes"))
        case "grandchild": spawn("setsid sleep 1000 >/dev/null 2>&1 </dev/null & sleep 1001 & exit 0")
        case "deaf": isDeaf = true
        case "mute": closeNotifySocket()
        case "environment": return responder.send(.text(200, environmentAndArguments))
        default: return responder.send(.empty(404))
        }
        responder.send(.text(200, "\(getpid())"))
    }

    /// Takes memory until something ends this.
    private func eat() {
        while let page = malloc(1 << 20) {
            memset(page, 1, 1 << 20)
            hoard.append(page)
        }
        // A limit on the address space says no instead of killing: then this is a crash of its own.
        abort()
    }

    private var count = 0

    /// Starts processes until it may not, or a great many.
    private func fork() {
        while count < 2000, spawn("exec sleep 1000") { count += 1 }
    }

    @discardableResult
    private func spawn(_ command: String) -> Bool {
        var pid: pid_t = 0
        var arguments = [strdup("/bin/sh"), strdup("-c"), strdup(command), nil]
        return posix_spawn(&pid, "/bin/sh", nil, nil, &arguments, environ) == 0
    }

    private func closeNotifySocket() {
        for descriptor in Int32(3)..<1024 {
            var type: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            if getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0, type == SOCK_DGRAM.rawValue {
                close(descriptor)
            }
        }
    }

    /// As they were given; what `/proc` says of a process behind walls is closed even to itself.
    private var environmentAndArguments: String {
        var lines: [String] = CommandLine.arguments
        var entry = clinux_environment()
        while let text = entry?.pointee {
            lines.append(String(cString: text))
            entry = entry?.advanced(by: 1)
        }
        return lines.joined(separator: "\n")
    }

    private func text(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let length = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, length)), as: UTF8.self)
    }

    private static func save(_ text: String, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        return Glibc.write(file, text, text.utf8.count) == text.utf8.count
    }
}

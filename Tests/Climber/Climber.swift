import CClimber
import CLinux
import Contracts
import Glibc
import Linux
import Nouns
import Service

/// Tries what it is asked to, and answers with the code of the failure: 0 for success.
final class Climber {
    private unowned let child: Child
    private var server: HTTPServer?
    private var listener: Int32 = -1
    private var data = ""

    init(_ child: Child) { self.child = child }

    func assigned(_ assignment: Assignment, _ descriptors: inout PassedDescriptors) throws {
        data = assignment.data
        var router = Router()
        router.post("/climb/{what}") { [unowned self] request, responder in
            let target = String(decoding: request.body, as: UTF8.self)
            responder.send(.text(200, "\(climb(request.parameter("what"), target))"))
        }
        router.get("/facts/{what}") { [unowned self] request, responder in
            responder.send(.text(200, fact(request.parameter("what"))))
        }
        let routes = router
        let server = HTTPServer(on: child.loop, token: assignment.token) { routes.handle($0, $1) }
        for name in [DescriptorName.tcp, DescriptorName.unix] {
            for descriptor in descriptors.take(name) {
                if name == DescriptorName.tcp { listener = descriptor.number }
                try server.listen(on: descriptor, .token)
            }
        }
        self.server = server
        child.ready()
    }

    func terminated() { server?.drain { [unowned self] in child.finish() } }

    private func fact(_ what: String) -> String {
        switch what {
        case "pid": "\(getpid())"
        case "user": "\(getuid()) \(geteuid()) \(getgid()) \(getegid())"
        case "groups": "\(getgroups(0, nil))"
        case "capabilities": "\(Capabilities.current.rawValue)"
        case "descriptors": "\(countDescriptors())"
        case "processes": "\(countProcesses())"
        case "directory": String(cString: getcwd(nil, 0))
        default: "?"
        }
    }

    private func climb(_ what: String, _ target: String) -> Int32 {
        let number = Int32(target) ?? 0
        switch what {
        case "read": return attempt(open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
        case "write": return attempt(open(target, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600))
        case "append": return append(target)
        case "remove": return code(unlink(target))
        case "rename": return code(rename(target, target + ".away"))
        case "link": return code(link(target, data + "/linked"))
        case "list": return (try? DirectoryListing.names(in: target)) == nil ? EACCES : 0
        case "execute": return code(access(target, X_OK)) == 0 ? run(target) : EACCES
        case "mode": return code(chmod(target, 0o777))
        case "signal": return code(kill(number, SIGCONT))
        case "trace": return climber_trace(number)
        case "memory": return climber_read_memory(number)
        case "connect": return climber_connect(number, -1)
        case "reconnect": return climber_connect(number, listener)
        case "fast-open": return climber_fast_open(number, listener)
        case "connect-unix": return climber_connect_unix(target)
        case "send-unix": return climber_send_unix(target)
        case "packet-socket": return climber_socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue))
        case "raw-socket": return climber_socket(AF_INET, Int32(SOCK_RAW.rawValue))
        case "become": return code(setuid(uid_t(number)))
        case "fill": return fill(number)
        default: return climber_call(what)
        }
    }

    private func code(_ result: Int32) -> Int32 { result < 0 ? errno : 0 }

    private func attempt(_ descriptor: Int32) -> Int32 {
        guard descriptor >= 0 else { return errno }
        var byte: UInt8 = 0
        let count = read(descriptor, &byte, 1)
        let code = count < 0 && errno != EAGAIN && errno != EBADF ? errno : 0
        close(descriptor)
        return code
    }

    /// Writes this process's number, as one would to move it into another control group.
    private func append(_ path: String) -> Int32 {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return errno }
        defer { close(file) }
        let text = "\(getpid())"
        return write(file, text, text.utf8.count) < 0 ? errno : 0
    }

    private func run(_ program: String) -> Int32 {
        var pid: pid_t = 0
        var arguments = [strdup(program), nil]
        let result = posix_spawn(&pid, program, nil, nil, &arguments, environ)
        guard result == 0 else { return result }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return 0
    }

    /// Opens until it may not.
    private func countDescriptors() -> Int {
        var opened: [Int32] = []
        while opened.count < 100_000, case let next = dup(0), next >= 0 { opened.append(next) }
        for descriptor in opened { close(descriptor) }
        return opened.count
    }

    /// Makes processes until it may not; all end with it.
    private func countProcesses() -> Int {
        var made: [pid_t] = []
        while made.count < 2000 {
            var pid: pid_t = 0
            var arguments = [strdup("/bin/sleep"), strdup("1000"), nil]
            guard posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, environ) == 0 else { break }
            made.append(pid)
        }
        for pid in made { kill(pid, SIGKILL) }
        for pid in made { waitpid(pid, nil, 0) }
        return made.count
    }

    /// Writes a file of so many MiB.
    private func fill(_ size: Int32) -> Int32 {
        signal(SIGXFSZ, SIG_IGN)
        let file = open(data + "/filled", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return errno }
        defer { close(file) }
        let block = [UInt8](repeating: 1, count: 1 << 20)
        for _ in 0..<size where write(file, block, block.count) != block.count { return errno == 0 ? EFBIG : errno }
        return 0
    }
}

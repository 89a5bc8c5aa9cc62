import Foundation
import JSON
import Linux
import Nouns
import Trial

/// The real program, started alone as systemd would: a listener as descriptor 3, the rest in the environment.
final class RunningBundoc {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    let port: UInt16
    private let listener: Descriptor
    private let notify: Int32
    private let notifyPath: String
    private let data: String
    private var child: ChildProcess

    /// Returns when it has said that it is ready, or has ended before.
    init(data: String, limits: [ResourceLimit] = [], failpoint: String? = nil) throws {
        self.data = data
        listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
        port = try Socket.localAddress(of: listener).port
        notifyPath = "/tmp/bunbase-notify-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        notify = try Self.bindDatagram(notifyPath)
        child = try Self.spawn(data, listener, notifyPath, limits, failpoint)
        try awaitReady()
    }

    deinit {
        child.signal(SIGKILL)
        _ = end()
        close(notify)
        unlink(notifyPath)
    }

    /// Starts it anew on the same listener. The one before has ended.
    func restart(limits: [ResourceLimit] = [], failpoint: String? = nil) throws {
        child = try Self.spawn(data, listener, notifyPath, limits, failpoint)
        try awaitReady()
    }

    func signal(_ number: Int32) { child.signal(number) }

    /// Waits for the process's end.
    @discardableResult
    func end() -> ProcessExit? {
        var watched = pollfd(fd: child.descriptor.number, events: Int16(POLLIN), revents: 0)
        guard child.exit == nil else { return child.exit }
        guard poll(&watched, 1, 20_000) == 1 else { return nil }
        return child.poll()
    }

    func connect() throws -> BlockingConnection { try BlockingConnection(.port(port), patience: .seconds(60)) }

    static func path(_ rest: String) -> String { "/v1/projects/p/databases/(default)/\(rest)" }

    private static func spawn(
        _ data: String, _ listener: Descriptor, _ notify: String, _ limits: [ResourceLimit], _ failpoint: String?
    ) throws -> ChildProcess {
        var environment = ["BUNBASE_DATA": data, "BUNBASE_PROJECT": "p", "NOTIFY_SOCKET": notify]
        environment["BUNDOC_FAILPOINT"] = failpoint
        var plan = SpawnPlan(programs + "/bundoc", environment: environment)
        plan.listening = [("tcp", listener)]
        plan.limits = limits
        return try ChildProcess.spawn(plan)
    }

    /// Where the build puts programs: beside the tests.
    private static var programs: String {
        let executable = try! FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.path + "/bundoc") {
            folder.deleteLastPathComponent()
        }
        precondition(folder.path != "/", "no bundoc above \(executable) or \(CommandLine.arguments[0])")
        return folder.path
    }

    private func awaitReady() throws {
        var watched = [
            pollfd(fd: notify, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.descriptor.number, events: Int16(POLLIN), revents: 0),
        ]
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while poll(&watched, 2, 20_000) > 0 {
            if watched[0].revents != 0 {
                let count = recv(notify, &buffer, buffer.count, 0)
                if String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).contains("READY=1") { return }
            } else if watched[1].revents != 0 {
                return
            }
        }
        throw Failure("bundoc did not become ready")
    }

    private static func bindDatagram(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure("bind \(path): \(errno)") }
        return descriptor
    }
}

import CLoad
import Foundation
import Linux
import Trial

/// What any proxy of one thread must do at least: `cload_forward`, in a process of its own.
final class Bare: Proxy {
    /// The first argument of the bench itself when it is to be this.
    static let command = "forward-bare"
    private static let listening = "BENCH_LISTENER"

    let port: UInt16
    private let ground: Ground
    private let process: ChildProcess

    init(on ground: Ground, _ backend: Backend) throws {
        self.ground = ground
        let listener = try Socket.listen(on: .loopback(port: 0), backlog: 4096)
        port = try Socket.localPort(of: listener)
        let target = backend.isUnix ? backend.path : "\(backend.port)"
        process = try ground.spawn(CommandLine.arguments[0], [Self.command, target]) { plan in
            plan.descriptors[3] = listener
        }
    }

    var workers: [Int32] { [process.pid] }

    func stop() { ground.end(process, SIGKILL) }

    /// The process's side. Never returns.
    static func run(_ target: String) -> Never {
        if let port = UInt16(target) { cload_forward(3, port, nil) } else { cload_forward(3, 0, target) }
        fatalError("the bare proxy has ended")
    }
}

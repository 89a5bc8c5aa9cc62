import Contracts
import FrontShell
import Glibc
import Linux
import Nouns
import Testing

/// A front's threads, driven by the test's loop as their control loop.
struct LoopsTests {
    /// A supervisor and a platform on the test's loop, and a front of several loops.
    private final class Company {
        let loop: EventLoop
        let stage: Stage
        let loops: FrontLoops
        let port: UInt16
        let loopCount: Int
        var isServing = false
        var isDrained = false
        var idleness: [Bool] = []

        init(loops count: Int, sockets socketCount: Int, limits: (inout FrontLimits) -> Void = { _ in }) throws {
            loopCount = count
            stage = try Stage(limits: limits)
            loop = stage.loop
            try stage.supervisor.start()
            try stage.platform.start()
            let sockets = try Socket.listen(on: .loopback(port: 0), count: socketCount)
            port = try Socket.localPort(of: sockets[0])
            loops = try FrontLoops(on: loop)
            loops.onServing = { [unowned self] in isServing = true }
            loops.onIdle = { [unowned self] in idleness.append($0) }
            loops.onDrained = { [unowned self] in isDrained = true }
            let commons = FrontCommons(loops: count)
            try loops.start(
                FrontLoops.deal(sockets, over: count).map {
                    FrontThread.Work(
                        http: $0, resp: [], paths: RunPaths(stage.directory), snapshot: nil, commons: commons)
                })
        }

        /// With settings and keys in each loop.
        func awaitServing() throws {
            try stage.until {
                isServing && stage.platform.heard.count { $0 == .seen(table: stage.platform.table) } == loopCount
            }
        }

        func drain() throws {
            loops.drain()
            try stage.until { isDrained }
        }
    }

    @Test func `who asks is answered, though loops have ended or not begun`() throws {
        let company = try Company(loops: 3, sockets: 1)
        var (proofs, counts) = (0, 0)
        company.loops.prove { proofs += 1 }
        company.loops.count { _ in counts += 1 }
        company.loops.prove { proofs += 1 }
        try company.stage.until { proofs == 2 && counts == 1 }
        try company.awaitServing()
        company.loops.drain()
        company.loops.count { _ in counts += 1 }
        company.loops.prove { proofs += 1 }
        try company.stage.until { company.isDrained && proofs == 3 && counts == 2 }
        company.loops.count { _ in counts += 1 }
        #expect(counts == 3)
    }

    @Test(arguments: [(1, 3), (3, 1), (2, 2)])
    func `serve together over any number of sockets, and end together`(_ loops: Int, _ sockets: Int) throws {
        let company = try Company(loops: loops, sockets: sockets)
        try company.awaitServing()
        let instance = try company.stage.instance()
        instance.answer { _ in "here" }
        for _ in 0..<8 {
            let client = try Peer(port: company.port, on: company.loop)
            client.say(Stage.get())
            #expect(try company.stage.answer(client).status == 200)
            client.close()
        }
        try company.drain()
    }

    @Test func `one project's limit holds for all loops together`() throws {
        let company = try Company(loops: 4, sockets: 4) {
            ($0.project.requests, $0.project.waiting) = (3, 0)
            $0.waitMax = .milliseconds(500)
        }
        try company.awaitServing()
        company.stage.supervisor.answer = { _, _ in nil }
        let clients = try (0..<12).map { _ in try Peer(port: company.port, on: company.loop) }
        for client in clients { client.say(Stage.get()) }
        try company.stage.until { clients.count { $0.text.contains(" 429 ") } == 9 }
        for client in clients { client.close() }
        try company.drain()
    }

    @Test func `a limit on connections holds for all loops together`() throws {
        let company = try Company(loops: 4, sockets: 4) { $0.connectionsMax = 5 }
        try company.awaitServing()
        let clients = try (0..<12).map { _ in try Peer(port: company.port, on: company.loop) }
        try company.stage.until { clients.count { $0.text.contains(" 503 ") } == 7 }
        for client in clients { client.close() }
        try company.drain()
    }

    @Test func `are alive when every one of them has turned`() throws {
        let company = try Company(loops: 3, sockets: 3)
        try company.awaitServing()
        var proofs = 0
        company.loops.prove { proofs += 1 }
        try company.stage.until { proofs == 1 }
        try company.drain()
    }
}

import CLinux
import CLoad
import Contracts
import Foundation
import Glibc
import Linux
import Nouns
import Routing
import Trial

/// Redis clients that come through the front: until the first reply beside a direct connection to redis-server, and
/// afterwards beside connections that reached the same program without a front.
enum HandOffBench {
    static func run(_ options: Options) throws -> [Figure] {
        let rounds = options.isQuick ? 2 : 6
        let ground = try Ground(options)
        let bunder = try LoneBunder(on: ground)
        defer { ground.end(bunder.process, SIGKILL) }
        let projects = FrontCrew.projects(Course.projectCount, named: "bench")
        let front = try OurFront(on: ground, handOff: bunder.path, projects)
        defer { front.stop() }
        let (project, key) = (projects[0].slug, projects[0].key)
        let redis = try LoneRedis(on: ground, password: key)
        defer { ground.end(redis.process, SIGKILL) }
        let passer = try Passer(to: bunder.path)
        var times: (front: [Double], direct: [Double]) = ([], [])
        for _ in 0..<rounds {
            times.front.append(try greet(ground, front.respPort, ["AUTH", project, key], options))
            times.direct.append(try greet(ground, redis.port, ["AUTH", key], options))
        }
        var rates: (front: [Double], direct: [Double]) = ([], [])
        let login = ["--user", project, "-a", key]
        func benchmark(_ port: UInt16) throws -> Double {
            try self.benchmark(ground, ["-p", "\(port)"] + login, options)
        }
        for round in 0..<rounds {
            // Each goes first as often as the other.
            if round.isMultiple(of: 2) { rates.front.append(try benchmark(front.respPort)) }
            rates.direct.append(try benchmark(passer.port))
            if !round.isMultiple(of: 2) { rates.front.append(try benchmark(front.respPort)) }
        }
        let (ours, theirs) = (times.front.median, times.direct.median)
        return [
            Figure(
                name: "connect, AUTH, first reply, of redis-server's", value: ours / theirs, unit: "x",
                goal: .atMost(2),
                note: "p50 \(Int(ours)) us to \(Int(theirs)) us"),
            Figure(
                name: "redis-benchmark GET behind the hand-off, of without",
                value: rates.front.median / rates.direct.median,
                unit: "x", goal: .atLeast(0.98),
                note: "\(Int(rates.front.median))/s to \(Int(rates.direct.median))/s, 32 clients"),
        ]
    }

    /// Microseconds of the middle one of many connections, one after the other.
    private static func greet(
        _ ground: Ground, _ port: UInt16, _ auth: [String], _ options: Options
    ) throws -> Double {
        let hello = command(auth) + command(["GET", "key"])
        // The first one may need a lease, for which the crew must have a turn; it is kept for the others.
        let first = try BlockingConnection(.port(port))
        try first.send(hello)
        try ground.turn(for: .seconds(5)) { first.hasBytes() }
        var times: [Duration] = []
        for _ in 0..<(options.isQuick ? 200 : 1_000) {
            times.append(
                try ContinuousClock().measure {
                    let connection = try BlockingConnection(.port(port))
                    defer { connection.close() }
                    try connection.send(hello)
                    let reply = try connection.readLine()
                    guard reply == "+OK" else { throw TrialCluster.Failure(reply) }
                    _ = try connection.readLine()
                })
        }
        return Percentiles(times).median.milliseconds * 1000
    }

    private static func command(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    /// GETs a second.
    private static func benchmark(_ ground: Ground, _ arguments: [String], _ options: Options) throws -> Double {
        let count = options.isQuick ? "50000" : "300000"
        let text = try ground.output(
            of: "redis-benchmark", ["-h", "127.0.0.1", "-t", "get", "-n", count, "-c", "32", "--csv"] + arguments)
        for line in text.split(separator: "\n") {
            let cells = line.split(separator: ",").map { $0.trimmingCharacters(in: ["\""]) }
            if cells.first == "GET", cells.count > 1, let rate = Double(cells[1]) { return rate }
        }
        throw TrialCluster.Failure("redis-benchmark: \(text)")
    }
}

/// A `bunder` by itself, which takes connections over at a path.
private struct LoneBunder {
    let path: String
    let process: ChildProcess

    init(on ground: Ground) throws {
        path = ground.directory + "/bunder.take"
        let listener = try Socket.listen(at: path, .packets)
        let unix = try Socket.listen(at: ground.directory + "/bunder.sock", .stream)
        let data = ground.directory + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        process = try ground.spawn(TrialCluster.programsBesideMe + "/bunder", []) { plan in
            plan.listening = [(DescriptorName.handOff, listener), (DescriptorName.unix, unix)]
            plan.environment[ChildEnvironment.data] = data
            plan.environment[ChildEnvironment.project] = "bench-0"
        }
    }
}

/// A redis-server by itself that wants a password.
private struct LoneRedis {
    let port: UInt16
    let process: ChildProcess

    init(on ground: Ground, password: String) throws {
        port = try ground.freePort()
        process = try ground.spawn(
            "/usr/bin/redis-server",
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--dir", ground.directory, "--save", "", "--requirepass",
                password,
            ])
        try ground.await(port: port)
    }
}

/// What a front does with a Redis client, and nothing else: takes its AUTH, checks nothing, hands the connection over.
private final class Passer: Sendable {
    let port: UInt16
    private let listener: Int32

    init(to path: String) throws {
        let descriptor = try Socket.listen(on: .loopback(port: 0))
        port = try Socket.localPort(of: descriptor)
        listener = dup(descriptor.number)
        _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) & ~O_NONBLOCK)
        Thread.detachNewThread { [listener] in
            cload_pin(Int32(Ground.proxyCore))
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                try? Self.pass(client, to: path)
            }
        }
    }

    private static func pass(_ client: Int32, to path: String) throws {
        defer { close(client) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        var count = 0
        while true {
            let got = recv(client, &bytes[count], bytes.count - count, 0)
            guard got > 0 else { return }
            count += got
            let reading = bytes[..<count].withUnsafeBytes { RESPGreeting.read($0) }
            guard case .command(_, let length) = reading else { continue }
            var one: Int32 = 1
            setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            let packet = HandOff(token: Token(random: (1, 2)), greeting: .auth, unread: Array(bytes[length..<count]))
                .message.encoded()
            let channel = try Socket.connect(to: path, .packets)
            guard clinux_send_packet(channel.number, packet, packet.count, [client], 1, nil, 0) > 0 else { return }
            var state = pollfd(fd: channel.number, events: Int16(POLLIN), revents: 0)
            poll(&state, 1, 5_000)
            return
        }
    }
}

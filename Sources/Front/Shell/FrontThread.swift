import Contracts
import Glibc
import Linux
import Nouns
import Telemetry

/// One thread of a front, with its loop and its data path.
package enum FrontThread {
    /// What the control loop wants of it.
    enum Order: Sendable {
        /// Accept no more, finish what is under way, and end.
        case leave
        /// The same in a hurry.
        case drain
        /// Answer by the same number, with what has been counted if that is wanted.
        case answer(UInt64, withTraffic: Bool)
    }

    /// What it says to the control loop.
    enum Report: Sendable {
        /// It listens to orders.
        case began(Mailbox<Order>)
        /// It accepts connections.
        case serving
        case idle(Bool)
        case answered(UInt64, Traffic?)
        /// When the certificates that it shows expire, seconds since 1970, by name.
        case certificates([String: Int64])
        /// Nothing is under way any more, and the thread has ended.
        case drained
        case failed(String)
    }

    /// What it begins with. The descriptors are listening sockets, and its own.
    package struct Work: Sendable {
        var http: [Int32]
        var https: [Int32]
        var resp: [Int32]
        var resps: [Int32]
        var paths: RunPaths
        var snapshot: KeySnapshot?
        var commons: FrontCommons
        /// The access log's path.
        var accessLog: String?

        package init(
            http: [Int32], https: [Int32] = [], resp: [Int32], resps: [Int32] = [], paths: RunPaths,
            snapshot: KeySnapshot?, commons: FrontCommons, accessLog: String? = nil
        ) {
            (self.http, self.https, self.resp, self.resps, self.paths) = (http, https, resp, resps, paths)
            (self.snapshot, self.commons, self.accessLog) = (snapshot, commons, accessLog)
        }
    }

    static func start(
        _ name: String, _ work: Work, _ report: @escaping @Sendable (Report) -> Void
    ) throws(SystemError) -> Thread {
        try Thread.start(name) {
            do throws(SystemError) {
                try run(work, report)
                report(.drained)
            } catch {
                report(.failed("\(error)"))
            }
        }
    }

    /// Listens once the supervisor has said what the cluster file says: until then clients wait in the kernel's queue.
    private static func run(_ work: Work, _ report: @escaping @Sendable (Report) -> Void) throws(SystemError) {
        let sockets = [
            (Traffic.Speech.http, work.http), (.https, work.https), (.resp, work.resp), (.resps, work.resps),
        ].flatMap { speech, numbers in numbers.map { (speech, Descriptor($0)) } }
        let loop = try EventLoop()
        let front = Front(on: loop, session: Random.word(), commons: work.commons)
        if let snapshot = work.snapshot { front.begin(with: snapshot) }
        if let path = work.accessLog { front.logAccess(to: path) }
        front.onDrained = { loop.stop() }
        front.onCertificates = { report(.certificates($0)) }
        front.onConfigured = {
            front.onConfigured = nil
            do throws(SystemError) {
                for (speech, descriptor) in sockets { try front.listen(on: descriptor, for: speech) }
            } catch {
                return report(.failed("\(error)"))
            }
            front.onIdle = { report(.idle($0)) }
            report(.serving)
        }
        report(
            .began(
                try Mailbox<Order>(on: loop) { order in
                    switch order {
                    case .leave: front.leave()
                    case .drain: front.drain()
                    case .answer(let number, let isTrafficWanted):
                        report(.answered(number, isTrafficWanted ? front.traffic() : nil))
                    }
                }))
        front.joinSupervisor(at: work.paths.lease)
        front.joinPlatform(at: work.paths.keys)
        try loop.run()
    }
}

import Contracts
import Glibc
import Linux
import Nouns
import Service

/// The front's life from its first line to its last.
///
/// The main thread is the control loop: it speaks with the supervisor about the process. Clients are served by loops
/// of their own; see `FrontLoops`.
package enum FrontProgram {
    /// Of the key table's file.
    private static let snapshotBytesMax = 64 << 20

    /// Returns the exit code.
    package static func run() -> Int32 {
        Child.run(.front) { child in
            let loops = try FrontLoops(on: child.loop)
            var metrics: HTTPServer?
            child.onAssigned = { assignment, descriptors throws in
                metrics = try begin(loops, child, assignment, &descriptors)
            }
            child.onRelieved = {
                loops.onDrained = { child.finish() }
                loops.leave()
                // The successor tells from now on.
                metrics?.drain {}
            }
            child.onTerminate = {
                loops.onDrained = { child.finish() }
                loops.drain()
            }
        }
    }

    private static func begin(
        _ loops: FrontLoops, _ child: Child, _ assignment: Assignment, _ descriptors: inout PassedDescriptors
    ) throws -> HTTPServer? {
        guard let run = getenv(ChildEnvironment.run), run[0] != 0 else {
            throw StartFailure("\(ChildEnvironment.run) does not name the runtime directory")
        }
        let count = try loopCount(assignment.settings["loops"])
        var shares: [String: [[Int32]]] = [:]
        for name in [DescriptorName.http, DescriptorName.https, DescriptorName.resp, DescriptorName.resps] {
            let sockets = descriptors.take(name)
            guard !sockets.isEmpty || name != DescriptorName.http else {
                throw StartFailure("no listening socket named \(name) was passed")
            }
            shares[name] = try FrontLoops.deal(sockets, over: count)
        }
        func share(_ name: String, _ index: Int) -> [Int32] { shares[name]?[index] ?? [] }
        let snapshot = assignment.settings["keys_snapshot"].flatMap { self.snapshot(at: $0) }
        let commons = FrontCommons(loops: count)
        let metrics = try descriptors.takeOne(DescriptorName.metrics).map {
            try MetricsServer.serve(loops, on: $0, child.loop)
        }
        loops.onFailed = { child.fail(StartFailure($0)) }
        loops.onServing = {
            child.ready("accepting connections")
            child.setQuiet(true)
        }
        loops.onIdle = { child.setQuiet($0) }
        child.onPing = { loops.prove($0) }
        let watch = ExpiryAlerts(child)
        loops.onCertificates = { watch.take($0) }
        try loops.start(
            (0..<count).map { index in
                FrontThread.Work(
                    http: share(DescriptorName.http, index), https: share(DescriptorName.https, index),
                    resp: share(DescriptorName.resp, index), resps: share(DescriptorName.resps, index),
                    paths: RunPaths(String(cString: run)), snapshot: snapshot, commons: commons,
                    accessLog: "\(assignment.data)/access-\(index).jsonl")
            })
        return metrics
    }

    /// As the cluster file says, else one for each core.
    private static func loopCount(_ setting: String?) throws(StartFailure) -> Int {
        guard let setting else { return min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), FrontLoops.countMax) }
        guard let count = Int(setting), (1...FrontLoops.countMax).contains(count) else {
            throw StartFailure("the setting loops is not a number from 1 to \(FrontLoops.countMax)")
        }
        return count
    }

    /// What the platform left, if it is there and whole; else the platform itself will say.
    private static func snapshot(at path: String) -> KeySnapshot? {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(number)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= snapshotBytesMax {
            let count = read(descriptor.number, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? try? KeySnapshot(decoding: bytes) : nil }
            bytes += block[..<count]
        }
        return nil
    }
}

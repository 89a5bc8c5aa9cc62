import CChaos
import ChaosPlan
import Foundation
import JSON
import Synchronization
import Trial

/// Looks at a cluster from outside while a run lasts: what the status claims, which processes there are, what the
/// supervisor says happens.
final class Watcher: Sendable {
    private struct State {
        var isOver = false
        var violations: [Violation] = []
        var checks: [Invariant: Int] = [:]
        /// Claims of dead processes: since when.
        var claims: [String: Duration] = [:]
        var supervisor: Int32?
        /// Which process an incarnation was first seen as.
        var incarnations: [Int: Int32] = [:]
        /// When ports of the pool were found taken.
        var takings: [(at: Duration, port: Int)] = []
        /// Ports of the pool that are nobody's and are listened on: since when.
        var ownerless: [UInt16: Duration] = [:]
        /// Those for which that lasted.
        var leftOpen: [(at: Duration, port: Int)] = []
        var ends: [Duration] = []
    }

    private let cluster: TrialCluster
    private let watch: Stopwatch
    private let lag: Duration
    private let state = Mutex(State())
    private let curves: Mutex<[String: RestartCurve]>
    private let done = DispatchSemaphore(value: 0)
    private let period: Duration
    /// From when the status says that a port is nobody's until it is closed.
    private static let closingMax = Duration.seconds(2)
    /// Bytes of a list of who has which directory open.
    private static let holdersMax = 4 << 20

    /// - Parameter curves: by kind; kinds without one are not judged.
    init(_ cluster: TrialCluster, _ scenario: Scenario, _ watch: Stopwatch, curves: [String: RestartCurve]) {
        (self.cluster, self.watch, lag) = (cluster, watch, scenario.statusLag)
        // A look at a large cluster takes its time, of it and of the supervisor.
        period = .milliseconds(max(250, scenario.projects * 8))
        var curves = curves
        // They were ended once for the census.
        for kind in ["front", "platform"] { curves[kind]?.forget("@shared/\(kind)") }
        self.curves = Mutex(curves)
        for look in [lookAtStatus, lookAtProcesses] {
            Thread.detachNewThread { [self] in
                while !state.withLock({ $0.isOver }) {
                    look()
                    Stopwatch.pause(period)
                }
                done.signal()
            }
        }
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isOver }) {
                readEvents()
                // What happens until the next stream begins is not heard.
                self.curves.withLock { curves in for kind in curves.keys { curves[kind]?.gap() } }
            }
            done.signal()
        }
    }

    /// When supervisors ended, also those that nobody killed on schedule.
    var supervisorEnds: [Duration] { state.withLock { $0.ends } }

    func finish() -> (violations: [Violation], checks: [Invariant: Int]) {
        state.withLock { $0.isOver = true }
        for _ in 0..<3 { done.wait() }
        let curves = curves.withLock { $0 }
        return state.withLock { state in
            for curve in curves.values {
                state.violations += curve.violations
                state.checks[.restartCurve, default: 0] += curve.checked
            }
            return (state.violations, state.checks)
        }
    }

    // MARK: Claims

    private func lookAtStatus() {
        guard let status = try? cluster.status() else { return }
        let now = watch.now
        let rows = (status["instances"]?.array ?? []) + (status["services"]?.array ?? [])
        var dead: Set<String> = []
        var checked = 0
        for row in rows {
            guard let pid = row["pid"]?.int.map(Int32.init), row["observed"]?.string == "serving" else { continue }
            checked += 1
            if let incarnation = row["incarnation"]?.int { see(incarnation, as: pid, now) }
            if !ProcessFacts(pid).isAlive {
                dead.insert("\(row["project"]?.string ?? "?")/\(row["kind"]?.string ?? "?"), process \(pid)")
            }
        }
        lookAtPorts(status, rows, now)
        state.withLock { state in
            state.checks[.statusIsTrue, default: 0] += checked
            state.claims = state.claims.filter { dead.contains($0.key) }
            for claim in dead {
                let since = state.claims[claim, default: now]
                state.claims[claim] = since
                guard now - since > lag else { continue }
                state.violations.append(
                    Violation(.statusIsTrue, "\(claim), is dead for \((now - since).inSeconds)", at: since))
                state.claims[claim] = now
            }
            let supervisor = status["pid"]?.int.map(Int32.init)
            if let old = state.supervisor, old != supervisor { state.ends.append(now) }
            state.supervisor = supervisor
        }
    }

    /// What is listened on is somebody's: a port that was given back is closed.
    private func lookAtPorts(_ status: JSONValue, _ rows: [JSONValue], _ now: Duration) {
        guard let first = status["ports"]?["first"]?.int.flatMap({ UInt16(exactly: $0) }),
            let last = status["ports"]?["last"]?.int.flatMap({ UInt16(exactly: $0) })
        else { return }
        let room = Int(last - first) * 2 + 2
        let listening = [UInt16](unsafeUninitializedCapacity: room) { buffer, count in
            count = cchaos_list_listening(first, last, buffer.baseAddress, room)
        }
        let owned = Set(rows.compactMap { $0["port"]?.int }.compactMap { UInt16(exactly: $0) })
        let alone = Set(listening).subtracting(owned)
        state.withLock { state in
            state.ownerless = state.ownerless.filter { alone.contains($0.key) }
            for port in alone {
                let since = state.ownerless[port, default: now]
                state.ownerless[port] = since
                guard now - since > Self.closingMax, now - since < .seconds(3600) else { continue }
                state.leftOpen.append((now, Int(port)))
                // Once is enough.
                state.ownerless[port] = .seconds(-3600)
            }
        }
    }

    /// An incarnation is one process, for ever.
    private func see(_ incarnation: Int, as pid: Int32, _ now: Duration) {
        state.withLock { state in
            let first = state.incarnations[incarnation, default: pid]
            state.incarnations[incarnation] = pid
            guard first != pid else { return }
            let text = "incarnation \(incarnation) was process \(first) and is process \(pid)"
            state.violations.append(Violation(.oneProcess, text, at: now))
        }
    }

    /// Ports that were found taken though nobody had stolen any: their last owners still had them.
    func unexplainedTakings(_ inflicted: [Inflicted]) -> [Violation] {
        let stolen = inflicted.filter { $0.wasDone && $0.disturbance.form == .stolenPort }
        func isExplained(_ at: Duration) -> Bool {
            stolen.contains { $0.began <= at + .seconds(1) && at <= $0.ended + .seconds(1) + Self.closingMax }
        }
        let (takings, leftOpen) = state.withLock { ($0.takings, $0.leftOpen) }
        return takings.filter { !isExplained($0.at) }.map {
            Violation(.oneOwner, "port \($0.port) was still taken when it was given away", at: $0.at)
        }
            + leftOpen.filter { !isExplained($0.at) }.map {
                Violation(.oneOwner, "port \($0.port) is nobody's and still listened on", at: $0.at)
            }
    }

    // MARK: Processes

    /// No data directory is open in two processes. A scan takes a while: what it finds is looked at again.
    private func lookAtProcesses() {
        let holders = dataHolders()
        state.withLock { $0.checks[.oneProcess, default: 0] += holders.count }
        for (directory, processes) in holders where processes.count > 1 {
            let alive = processes.filter { process in
                let facts = ProcessFacts(process.pid)
                return process.start != nil && facts.startTime == process.start && facts.isAlive
                    && opens(directory, process.pid)
            }
            guard alive.count > 1 else { continue }
            let pids = alive.map { String($0.pid) }.joined(separator: ", ")
            state.withLock {
                $0.violations.append(
                    Violation(.oneProcess, "\(directory) is open in the processes \(pids)", at: watch.now))
            }
        }
    }

    private struct Process {
        var pid: Int32
        var start: String?
    }

    private func dataHolders() -> [String: [Process]] {
        let text = String(unsafeUninitializedCapacity: Self.holdersMax) { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                cchaos_list_holders(cluster.home + "/data/projects/", $0.baseAddress, $0.count)
            }
        }
        var holders: [String: Set<Int32>] = [:]
        for line in text.split(separator: "\n") {
            guard let space = line.firstIndex(of: " "), let pid = Int32(line[..<space]) else { continue }
            holders[String(line[line.index(after: space)...]), default: []].insert(pid)
        }
        return holders.mapValues { pids in
            // Which process a number is matters only where there are several.
            pids.sorted().map { Process(pid: $0, start: pids.count > 1 ? ProcessFacts($0).startTime : nil) }
        }
    }

    private func opens(_ directory: String, _ pid: Int32) -> Bool {
        let path = cluster.home + "/data/projects/" + directory
        return ProcessFacts(pid).openDescriptors.contains { $0.hasPrefix(path) }
    }

    // MARK: Events

    /// Reads until the stream ends.
    private func readEvents() {
        guard let events = try? EventStream(cluster.control, patience: .seconds(1)) else {
            return Stopwatch.pause(.milliseconds(50))
        }
        while !state.withLock({ $0.isOver }) {
            do {
                take(try events.next())
            } catch BlockingConnection.Failure.receive(ETIMEDOUT) {
                continue
            } catch {
                return
            }
        }
    }

    private func take(_ event: JSONValue) {
        if event["message"]?.string == "port taken by another program",
            let time = event["time"]?.string.flatMap(Self.milliseconds)
        {
            let at = Duration.milliseconds(time - watch.epoch)
            state.withLock { $0.takings.append((at, event["port"]?.int ?? 0)) }
        }
        guard let message = event["message"]?.string, let kind = event["kind"]?.string,
            let project = event["project"]?.string, let time = event["time"]?.string.flatMap(Self.milliseconds)
        else { return }
        let next = event["next_attempt"]?.string.flatMap(Self.milliseconds)
        curves.withLock {
            $0[kind]?.take(
                RestartCurve.Event(time: time, message: message, instance: "\(project)/\(kind)", nextAttempt: next))
        }
    }

    private static func milliseconds(_ text: String) -> Int64? {
        let form = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? form.parse(text)).map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) }
    }
}

extension ProcessFacts {
    /// Ticks since the boot: with the pid, which process it is.
    fileprivate var startTime: String? {
        text("stat")?.split(separator: ")").last?.split(separator: " ").dropFirst(19).first.map(String.init)
    }
}

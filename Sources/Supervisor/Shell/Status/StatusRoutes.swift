import Config
import Contracts
import HTTP
import JSON
import Linux
import Nouns
import Service
import Supervision

/// What anyone who reaches the status address may read.
struct StatusRoutes {
    /// Bytes of the front's counters: those of 500 projects are about 1 MiB.
    private static let frontMetricsMax = 8 << 20
    private static let frontTimeout = Duration.seconds(1)

    unowned let daemon: Daemon

    func add(to router: inout Router) {
        router.get("/", page)
        router.get("/status") { _, responder in responder.send(.json(200, daemon.statusJSON())) }
        router.get("/instances", list)
        router.get("/instances/{project}/{kind}", one)
        router.get("/instances/{project}/{kind}/{ordinal}", one)
        router.get("/events", events)
        router.get("/metrics", metrics)
        router.get("/healthz") { _, responder in responder.send(.text(200, "ok\n")) }
        router.get("/readyz", readiness)
        router.get("/limits") { _, responder in responder.send(.json(200, daemon.limitsJSON())) }
    }

    private func page(_ request: Request, _ responder: Responder) {
        var response = Response.text(200, StatusPage.html, contentType: "text/html; charset=utf-8")
        response.fields = [("content-security-policy", StatusPage.policy), ("cache-control", "no-store")]
        responder.send(response)
    }

    /// Ours, and behind it the front's, when it tells them in time.
    private func metrics(_ request: Request, _ responder: Responder) {
        let ours = daemon.metricsText()
        let front = HTTPClient(
            to: .unix(daemon.cluster.home.run.frontMetrics), on: daemon.loop, bodyMax: Self.frontMetricsMax)
        front.send("GET", "/metrics", timeout: Self.frontTimeout) { result in
            var page = Array(ours.utf8)
            if case .success(let answer) = result, answer.status == 200 {
                page += answer.body
            } else {
                page += "# The front does not tell its counters now.\n".utf8
            }
            responder.send(
                Response(200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: page))
        }
    }

    /// From the event behind `Last-Event-ID`, or behind `after` where a reader cannot set headers: 0 for all that are
    /// kept; without either, from now on.
    private func events(_ request: Request, _ responder: Responder) {
        do throws(Fault) {
            let after = try request.query("after")
            guard after == nil || after.flatMap({ UInt64($0) }) != nil else {
                throw Fault(400, "request.query_malformed", "`after` is the id of an event, a number; 0 for all.")
            }
            daemon.events.open(responder, lastEventID: request.field(named: "last-event-id") ?? after)
        } catch {
            responder.send(error)
        }
    }

    private func readiness(_ request: Request, _ responder: Responder) {
        switch daemon.state {
        case .ready: responder.send(.text(200, "ready\n"))
        case let state:
            let waiting = daemon.cluster.services.filter {
                daemon.supervisor.instance(InstanceID(.shared, $0))?.observed != .serving
            }
            let names = waiting.map(\.text).joined(separator: ", ")
            responder.send(
                Fault(
                    503, "cluster.not_ready", "The cluster is \(state.rawValue); not serving: \(names).",
                    party: .cluster, retryAfter: .seconds(1)))
        }
    }

    /// `project`, `kind`, `state` filter; `after` is the last id of the page before; `limit` is 1 to 1000.
    private func list(_ request: Request, _ responder: Responder) {
        do throws(Fault) {
            let project = try request.query("project")
            let kind = try request.query("kind")
            let state = try filter(try request.query("state"))
            let after = try request.query("after")
            let limit = try pageLimit(try request.query("limit"))
            let after_ = after.flatMap { InstanceID($0) }
            guard after == nil || after_ != nil else {
                throw Fault(
                    400, "request.query_malformed",
                    "`after` is the id of an instance: PROJECT/KIND or PROJECT/KIND/ORDINAL.")
            }
            let found = daemon.supervisor.instances.lazy.filter { view in
                (project == nil || view.instance.project.text == project)
                    && (kind == nil || view.instance.kind.text == kind)
                    && (state == nil || view.observed == state) && (after_ == nil || view.instance > after_!)
            }
            let page = Array(found.prefix(limit + 1))
            let now = EventLoop.clock()
            responder.send(
                .json(200) { writer in
                    writer.object {
                        $0.member("instances") {
                            let clock = WallClock()
                            $0.array {
                                for view in page.prefix(limit) {
                                    daemon.status(of: view, at: now).write(to: &$0, clock, at: now)
                                }
                            }
                        }
                        $0.member("next", optional: page.count > limit ? page[limit - 1].instance.description : nil)
                    }
                })
        } catch {
            responder.send(error)
        }
    }

    private func filter(_ text: String?) throws(Fault) -> InstanceView.Observed? {
        guard let text else { return nil }
        guard let state = InstanceView.Observed(rawValue: text) else {
            let states = InstanceView.Observed.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(400, "request.query_malformed", "There is no state of that name; there are: \(states).")
        }
        return state
    }

    private func pageLimit(_ text: String?) throws(Fault) -> Int {
        guard let text else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw Fault(400, "request.query_malformed", "`limit` is a number from 1 to 1000.")
        }
        return limit
    }

    private func one(_ request: Request, _ responder: Responder) {
        do throws(Fault) {
            let id = try Self.instance(request)
            guard let view = daemon.supervisor.instance(id) else { throw Self.unknown(id) }
            let now = EventLoop.clock()
            var writer = JSONWriter()
            daemon.status(of: view, at: now).write(to: &writer, WallClock(), at: now)
            responder.send(.json(200, writer.bytes))
        } catch {
            responder.send(error)
        }
    }

    /// The instance that a path names.
    static func instance(_ request: Request) throws(Fault) -> InstanceID {
        let words = request.segments.dropFirst()
        let isNumbered = words.count > 2 && Int(words[words.startIndex + 2]) != nil
        guard let id = InstanceID(words.prefix(isNumbered ? 3 : 2).joined(separator: "/")) else {
            throw Fault(
                400, "instance.malformed",
                "An instance is PROJECT/KIND or PROJECT/KIND/ORDINAL: names of a-z, 0-9 and -, a number from 0 to 9999."
            )
        }
        return id
    }

    static func unknown(_ id: InstanceID) -> Fault {
        Fault(404, "instance.unknown", "There is no instance \(id); `bunbase status` lists those that there are.")
    }
}

import Config
import Contracts
import HTTP
import JSON
import Linux
import Nouns
import Service
import Supervision

/// What changes something: for processes of the same user or root, on the unix socket only.
struct ControlRoutes {
    /// Ids in one bulk declaration.
    static let bulkMax = 100_000

    unowned let daemon: Daemon

    func add(to router: inout Router) {
        for (verb, command) in Self.verbs {
            let handler: Router.Handler = { request, responder in order(command, request, responder) }
            router.post("/instances/{project}/{kind}/\(verb)", handler)
            router.post("/instances/{project}/{kind}/{ordinal}/\(verb)", handler)
        }
        for path in ["/instances/{project}/{kind}", "/instances/{project}/{kind}/{ordinal}"] {
            router.post(path + "/hold") { hold($0, $1) { .hold($0, $1, $2) } }
            router.post(path + "/extend") { hold($0, $1) { .extend($0, $1, $2) } }
            router.post(path + "/release", release)
        }
        router.post("/services/{name}/restart", restartService)
        router.post("/warm/renew") { request, responder in
            log(request)
            daemon.take(.renewWarm) { finish($0, responder) }
        }
        router.put("/projects", declareAll)
        router.put("/projects/{id}", declare)
        router.delete("/projects/{id}", withdraw)
        router.post("/projects/{id}/keys-changed", rekey)
        router.post("/alerts", alert)
        router.post("/reload") { _, responder in
            if let fault = daemon.reconfigure() { responder.send(fault) } else { responder.send(.empty()) }
        }
        router.post("/shutdown") { _, responder in
            responder.send(.empty(202))
            daemon.log.write(.info, "shutdown asked for")
            daemon.loop.afterBatch { daemon.shutDown() }
        }
        router.post("/detach") { _, responder in
            responder.send(.empty(202))
            daemon.loop.afterBatch { daemon.detach() }
        }
    }

    private static let verbs: [(String, @Sendable (InstanceID) -> Command)] = [
        ("start", { .start($0) }), ("stop", { .stop($0) }), ("restart", { .restart($0) }), ("drain", { .drain($0) }),
        ("clear", { .clear($0) }),
    ]

    private func order(_ command: (InstanceID) -> Command, _ request: Request, _ responder: Responder) {
        do throws(Fault) {
            let id = try StatusRoutes.instance(request)
            // A service's project is written @shared, which no project can be called.
            guard daemon.supervisor.instance(id) != nil else { throw StatusRoutes.unknown(id) }
            log(request)
            daemon.take(command(id)) { finish($0, responder) }
        } catch {
            responder.send(error)
        }
    }

    /// `{"hold": NUMBER, "seconds": N}`: keeps it down, for files to be copied. The number is of the caller's choice.
    private func hold(
        _ request: Request, _ responder: Responder, _ command: (InstanceID, HoldID, Duration) -> Command
    ) {
        let body = try? JSONValue(parsing: request.body)
        let longest = Int(Supervisor.holdMax.components.seconds)
        guard let hold = Self.hold(body), let seconds = body?["seconds"]?.int, (1...longest).contains(seconds) else {
            return responder.send(
                Fault(
                    400, "hold.malformed",
                    "The body is {\"hold\": NUMBER, \"seconds\": N}, N from 1 to \(longest), NUMBER at random."))
        }
        order({ command($0, hold, .seconds(seconds)) }, request, responder)
    }

    /// `{"hold": NUMBER}`: ends that hold; 409 when it has not lasted until now.
    private func release(_ request: Request, _ responder: Responder) {
        guard let hold = Self.hold(try? JSONValue(parsing: request.body)) else {
            return responder.send(Fault(400, "release.malformed", "The body is {\"hold\": NUMBER}."))
        }
        order({ .letGo($0, hold) }, request, responder)
    }

    private static func hold(_ body: JSONValue?) -> HoldID? {
        body?["hold"]?.int.flatMap { UInt64(exactly: $0) }.map { HoldID($0) }
    }

    private func restartService(_ request: Request, _ responder: Responder) {
        guard let kind = Kind(request.parameter("name")), daemon.cluster.services.contains(kind) else {
            let names = daemon.cluster.services.map(\.text).joined(separator: ", ")
            return responder.send(
                Fault(404, "service.unknown", "There is no service of that name; there are: \(names)."))
        }
        log(request)
        daemon.take(.restart(InstanceID(.shared, kind))) { finish($0, responder) }
    }

    private func declareAll(_ request: Request, _ responder: Responder) {
        guard let list = try? JSONValue(parsing: request.body).array, list.count <= Self.bulkMax,
            case let projects = list.compactMap({ $0.string.flatMap { ProjectID($0) } }), projects.count == list.count
        else {
            return responder.send(
                Fault(
                    400, "projects.malformed",
                    "The body is a JSON array of at most \(Self.bulkMax) project ids, each 1 to 40 of a-z, 0-9 and -."))
        }
        all(projects.map { .declare($0) }, responder)
    }

    private func declare(_ request: Request, _ responder: Responder) {
        do throws(Fault) {
            daemon.take(.declare(try Self.project(request))) { finish($0, responder) }
        } catch {
            responder.send(error)
        }
    }

    private func withdraw(_ request: Request, _ responder: Responder) {
        do throws(Fault) {
            let project = try Self.project(request)
            daemon.take(.withdraw(project)) { fault in
                finish(fault ?? daemon.release(project), responder)
            }
        } catch {
            responder.send(error)
        }
    }

    /// Ends the connections that were handed over with a project's old key: where the process cannot be told, by a new
    /// one in its place.
    private func rekey(_ request: Request, _ responder: Responder) {
        do throws(Fault) {
            let untold = daemon.children.rekey(try Self.project(request))
            // One that is held is down, or ends as it is; its successor knows the new key.
            let running = untold.filter { daemon.supervisor.instance($0)?.isHeld != true }
            all(running.map { .restart($0) }, responder)
        } catch {
            responder.send(error)
        }
    }

    /// Gives commands, and answers when the last one is done; with the first fault, if there was one.
    private func all(_ commands: [Command], _ responder: Responder) {
        var remaining = commands.count
        var first: Fault?
        guard remaining > 0 else { return responder.send(.empty()) }
        for command in commands {
            daemon.take(command) { fault in
                first = first ?? fault
                remaining -= 1
                if remaining == 0 { finish(first, responder) }
            }
        }
    }

    /// `{"alert": …, "subject": …, "text": …}`, without `text` when it is over: a timer, an operator's script.
    private func alert(_ request: Request, _ responder: Responder) {
        let body = try? JSONValue(parsing: request.body)
        let word = body.flatMap {
            AlertWord(name: $0["alert"]?.string ?? "", subject: $0["subject"]?.string ?? "", text: $0["text"]?.string)
        }
        guard let word else {
            return responder.send(
                Fault(
                    400, "alert.malformed",
                    "An alert has a name of at most \(AlertWord.nameMax) of a-z, 0-9, _ and ., a subject of one line, "
                        + "a text of one line unless it is over."))
        }
        daemon.alert(word)
        responder.send(.empty())
    }

    private static func project(_ request: Request) throws(Fault) -> ProjectID {
        guard let project = ProjectID(request.parameter("id")) else {
            throw Fault(
                400, "project.malformed",
                "A project's id is 1 to 40 of a-z, 0-9 and -, beginning with a letter or digit.")
        }
        return project
    }

    private func finish(_ fault: Fault?, _ responder: Responder) {
        if let fault { responder.send(fault) } else { responder.send(.empty()) }
    }

    private func log(_ request: Request) {
        daemon.log.write(.info, "operator command") {
            $0.member("method", request.methodName)
            $0.member("path", request.path)
            if let peer = request.peer {
                $0.member("uid", peer.uid)
                $0.member("peer_pid", peer.pid)
            }
        }
    }
}

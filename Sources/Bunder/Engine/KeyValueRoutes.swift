import HTTP
import JSON
import KeyValues
import Nouns
import Service

/// The keyspace over HTTP: values as raw bodies, one key a request. See `docs/reference/key-values.md`.
struct KeyValueRoutes {
    private let store: Store
    private let project: ProjectID
    private var router = Router()

    init(_ store: Store, of project: ProjectID) {
        (self.store, self.project) = (store, project)
        router.get("/health") { _, responder in Self.health(responder) }
        route("/kv/{project}/health") {
            $0.get($1, $2)
        } _: { _, _, responder in
            Self.health(responder)
        }
        route("/kv/{project}/keys") {
            $0.get($1, $2)
        } _: {
            try $0.keys($1, $2)
        }
        route("/kv/{project}/kv") {
            $0.get($1, $2)
        } _: {
            try $0.keys($1, $2)
        }
        route("/kv/{project}/kv/{key}") {
            $0.get($1, $2)
        } _: {
            try $0.get($1, $2)
        }
        route("/kv/{project}/kv/{key}") {
            $0.put($1, $2)
        } _: {
            try $0.put($1, $2)
        }
        route("/kv/{project}/kv/{key}") {
            $0.post($1, $2)
        } _: {
            try $0.put($1, $2)
        }
        route("/kv/{project}/kv/{key}") {
            $0.delete($1, $2)
        } _: {
            try $0.delete($1, $2)
        }
        route("/kv/{project}/kv/{key}/ttl") {
            $0.get($1, $2)
        } _: {
            try $0.timeToLive($1, $2)
        }
        route("/kv/{project}/kv/{key}/expire") {
            $0.post($1, $2)
        } _: {
            try $0.expire($1, $2)
        }
    }

    func handle(_ request: Request, _ responder: Responder) { router.handle(request, responder) }

    private mutating func route(
        _ pattern: String, _ add: (inout Router, String, @escaping Router.Handler) -> Void,
        _ handler: @escaping (KeyValueRoutes, Request, Responder) throws -> Void
    ) {
        let routes = self
        add(&router, pattern) { request, responder in
            do {
                try routes.checkProject(request)
                try handler(routes, request, responder)
            } catch let fault as Fault {
                responder.send(fault)
            } catch let rejection as Store.Rejection {
                responder.send(rejection.fault)
            } catch {
                responder.send(Fault(500, "service.failed", "The request failed: \(error).", party: .instance))
            }
        }
    }

    private func checkProject(_ request: Request) throws(Fault) {
        guard project.isShared || request.parameter("project") == project.text else {
            throw Fault(
                421, "project.misdirected", "This process serves another project; send the request to the front.",
                party: .cluster)
        }
    }

    private static func health(_ responder: Responder) {
        responder.send(.json(200) { $0.object { $0.member("status", "ok") } })
    }

    // MARK: - Reading

    private func get(_ request: Request, _ responder: Responder) throws(Fault) {
        guard case .string(let bytes)? = store.keyspace.value(of: try key(request), at: Store.now()) else {
            return send(.empty(404), responder)
        }
        let isJSON = bytes.first == UInt8(ascii: "{") || bytes.first == UInt8(ascii: "[")
        let type: StaticString = isJSON ? "application/json" : "application/octet-stream"
        send(Response(200, contentType: type, body: bytes), responder)
    }

    private func keys(_ request: Request, _ responder: Responder) throws(Fault) {
        let glob = Glob(Array((try request.query("pattern") ?? "*").utf8))
        var keys: [[UInt8]] = []
        store.keyspace.forEachKey(at: Store.now()) { key, _ in if glob.matches(key) { keys.append(key) } }
        keys.sort { $0.lexicographicallyPrecedes($1) }
        send(.json(200) { $0.array { for key in keys { $0.value(String(decoding: key, as: UTF8.self)) } } }, responder)
    }

    /// `{"ttl":-1}` for a key that does not expire.
    private func timeToLive(_ request: Request, _ responder: Responder) throws(Fault) {
        let now = Store.now()
        guard let expiry = store.keyspace.expiry(of: try key(request), at: now) else {
            return send(.empty(404), responder)
        }
        let seconds = expiry.map { ($0 - now + 500) / 1000 } ?? -1
        send(.json(200) { $0.object { $0.member("ttl", seconds) } }, responder)
    }

    // MARK: - Changing

    private func put(_ request: Request, _ responder: Responder) throws {
        let key = try key(request)
        var expiry: Int64?
        if let text = try request.query("ttl") { expiry = Store.now() + 1000 * (try seconds(text, from: 1)) }
        try store.accept([.set(key: key, .string(request.body), expiry: expiry)])
        send(.empty(200), responder)
    }

    private func delete(_ request: Request, _ responder: Responder) throws {
        let key = try key(request)
        guard store.keyspace.value(of: key, at: Store.now()) != nil else { return send(.empty(404), responder) }
        try store.accept([.delete(key: key)])
        send(.empty(200), responder)
    }

    /// 0 seconds delete it at once.
    private func expire(_ request: Request, _ responder: Responder) throws {
        let key = try key(request)
        guard let text = try request.query("seconds") else {
            throw Fault(400, "request.query_malformed", "Say after how many seconds the key expires: ?seconds=60.")
        }
        let seconds = try seconds(text, from: 0)
        guard store.keyspace.value(of: key, at: Store.now()) != nil else { return send(.empty(404), responder) }
        let moment = Store.now() + 1000 * seconds
        try store.accept([seconds == 0 ? .delete(key: key) : .expire(key: key, at: moment)])
        send(.empty(200), responder)
    }

    // MARK: - Inside

    /// Answers when all that the answer rests on is on the disk.
    private func send(_ response: Response, _ responder: Responder) {
        store.whenDurable { responder.send(response) }
    }

    private func key(_ request: Request) throws(Fault) -> [UInt8] {
        let key = Array(request.parameter("key").utf8)
        guard key.count <= store.limits.keyMax else {
            throw Fault(400, "key.too_long", "A key has 1 to \(store.limits.keyMax) bytes.")
        }
        return key
    }

    private func seconds(_ text: String, from least: Int64) throws(Fault) -> Int64 {
        guard let seconds = Int64(text), seconds >= least, seconds <= 4_000_000_000 else {
            throw Fault(
                400, "request.query_malformed", "A time is a whole number of seconds from \(least) to 4000000000.")
        }
        return seconds
    }
}

extension Store.Rejection {
    var fault: Fault {
        switch self {
        case .diskFull:
            Fault(
                507, "storage.full", "No room is left on the disk for this project; delete keys, then try again.",
                party: .instance)
        case .memoryFull:
            Fault(
                507, "memory.full", "The project's keys take as much memory as they may; delete some, then try again.",
                party: .instance)
        case .logFailed:
            Fault(500, "storage.failed", "The disk failed; nothing was changed.", party: .instance)
        case .tooLarge(let bytesMax):
            Fault(413, "request.body_too_long", "One request may change at most \(bytesMax) bytes.")
        }
    }
}

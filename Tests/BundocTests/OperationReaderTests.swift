import Documents
import HTTP
import JSON
import Nouns
import Testing

@Suite struct OperationReaderTests {
    private let reader = OperationReader(limits: DocumentLimits())

    private func read(
        _ method: Method, _ path: String, query: [(name: String, value: String)] = [], body: String = "{}"
    ) throws(Fault) -> Operation {
        let segments = ("v1/projects/acme/databases/(default)/" + path)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return try reader.operation(
            OperationReader.Request(
                method: method, path: try RequestPath(segments, query: query), body: Array(body.utf8)))
    }

    private func code(_ method: Method, _ path: String, body: String = "{}") -> String? {
        do throws(Fault) {
            _ = try read(method, path, body: body)
            return nil
        } catch {
            return "\(error.status) \(error.code)"
        }
    }

    private func name(_ text: String) throws -> CollectionName { try CollectionName(text) }
    private func place(_ collection: String, _ id: String) throws -> Operation.Place {
        Operation.Place(try CollectionName(collection), try DocumentID(id))
    }

    @Test func `reads what concerns collections`() throws {
        #expect(try read(.get, "collections", query: [("prefix", "us")]) == .listCollections(prefix: "us"))
        #expect(
            try read(.post, "collections", body: #"{"name":"a","schema":null}"#)
                == .createCollection(name("a"), isAllowedToExist: false))
        #expect(
            try read(.post, "collections", body: #"{"name":"a","update_if_exists":true}"#)
                == .createCollection(name("a"), isAllowedToExist: true))
        #expect(try read(.get, "collections/a/") == .describeCollection(name("a")))
        #expect(try read(.delete, "collections/users/42/posts") == .dropCollection(name("users/42/posts")))
    }

    @Test func `takes both forms of a document's path`() throws {
        for path in ["collections/users/42/posts/documents/7", "documents/users/42/posts/7"] {
            #expect(try read(.delete, path) == .delete(place("users/42/posts", "7"), .none))
            #expect(try read(.patch, path) == .patch(place("users/42/posts", "7"), DocumentPatch(JSONObject()), .none))
            #expect(try read(.put, path) == .replace(place("users/42/posts", "7"), JSONObject(), .none))
        }
        #expect(try read(.get, "collections/a/documents/7") == .get(place("a", "7"), .all))
        #expect(
            try read(.get, "collections/documents/documents/documents") == .get(place("documents", "documents"), .all))
    }

    @Test func `leaves open whether a path is a collection's or a document's`() throws {
        let options = ListOptions(limit: 100)
        #expect(
            try read(.get, "documents/users/42")
                == .read(collection: name("users/42"), document: place("users", "42"), options))
        #expect(try read(.get, "documents/users") == .read(collection: name("users"), document: nil, options))
        // No collection can have this name, but a document this id.
        #expect(
            try read(.get, "documents/users/rules")
                == .read(collection: nil, document: place("users", "rules"), options))
    }

    @Test func `reads which part of a list is wanted`() throws {
        let query = [("skip", "5"), ("limit", "7"), ("after", "x"), ("fields", "a,b"), ("limit", "9")]
        #expect(
            try read(.get, "collections/a/documents", query: query)
                == .list(name("a"), ListOptions(skip: 5, limit: 7, after: "x", projection: .only(["a", "b"]))))
        #expect(
            try read(.get, "collections/a/documents", query: [("limit", "0"), ("key", "pk_1")])
                == .list(name("a"), ListOptions(limit: 1_000)))
        #expect(
            try read(.get, "collections/a/documents", query: [("limit", "5000")])
                == .list(name("a"), ListOptions(limit: 1_000)))
        for bad in [("limit", "-1"), ("limit", "x"), ("skip", "1000001"), ("skip", "1.5")] {
            #expect(throws: Fault.self) { try read(.get, "collections/a/documents", query: [bad]) }
        }
    }

    @Test func `generates an id where none is given`() throws {
        #expect(
            try read(.post, "documents/a", body: #"{"x":1}"#)
                == .create(name("a"), id: nil, JSONObject([("x", JSONValue.integer(1))])))
        guard case .create(_, let id, _) = try read(.post, "collections/a/documents", body: #"{"_id":"k"}"#) else {
            Issue.record("no create")
            return
        }
        #expect(id?.text == "k")
        #expect(code(.post, "documents/a", body: #"{"_id":null}"#) == nil)
        #expect(code(.post, "documents/a", body: #"{"_id":5}"#) == "400 document.id_malformed")
        #expect(code(.post, "documents/a", body: #"{"_id":""}"#) == "400 document.id_malformed")
    }

    @Test(arguments: [
        (Method.patch, "collections/a"), (.patch, "collections/a/rules"), (.get, "collections/a/indexes"),
        (.delete, "collections/a/indexes/f"), (.get, "indexes"), (.get, "collections/a/subscribe"),
        (.post, "documents/query"), (.post, "collections/a/documents/query"),
        (.post, "collections/a/documents/query/subscribe"), (.get, "documents/users/*/posts"),
    ])
    func `says plainly what it cannot do`(method: Method, path: String) {
        #expect(code(method, path) == "501 feature.unavailable")
    }

    @Test func `does not pretend to keep a schema`() {
        #expect(
            code(.post, "collections", body: #"{"name":"a","schema":{"type":"object"}}"#) == "501 feature.unavailable")
    }

    @Test(arguments: [
        (Method.put, "collections", "405 method.not_allowed"), (.post, "collections/a", "405 method.not_allowed"),
        (.put, "documents/a", "405 method.not_allowed"), (.post, "collections/a/documents/x", "405 method.not_allowed"),
        (.get, "collections/a/documents/x/y", "404 route.unknown"), (.get, "documents", "404 route.unknown"),
        (.get, "elsewhere", "404 route.unknown"), (.get, "", "404 route.unknown"),
        (.post, "collections", "400 collection.name_missing"),
        (.get, "collections/a%b", "400 collection.name_malformed"),
        (.get, "collections//documents", "400 collection.name_malformed"),
        (.get, "documents/a%/b%", "404 route.unknown"),
    ])
    func `refuses what means nothing`(method: Method, path: String, expected: String) {
        #expect(code(method, path) == expected)
    }

    @Test(arguments: [
        "", "v1/projects/p", "v2/projects/p/databases/d/collections", "v1/projects/p/tables/d/collections",
    ])
    func `knows only paths of databases`(path: String) throws {
        let fault = try #require(throws: Fault.self) { try RequestPath(path.split(separator: "/").map(String.init)) }
        #expect(fault.status == 404)
    }
}

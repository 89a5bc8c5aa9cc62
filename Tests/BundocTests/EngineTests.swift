import BundocEngine
import Documents
import JSON
import Nouns
import Service
import Testing

@Suite struct EngineTests {
    let scratch = Scratch()
    let harness: EngineHarness

    init() throws { harness = try EngineHarness(scratch) }

    private func code(_ method: String, _ path: String, _ body: String = "{}", ifMatch: String? = nil) throws -> String
    {
        try harness.batch([harness.operation(method, path, body, ifMatch: ifMatch)])[0]?.summary ?? "unanswered"
    }

    @Test func `keeps a document through its life`() throws {
        let created = try harness.request("POST", "documents/users", #"{"_id":"k","a":1,"b":[1,2]}"#)
        #expect(created.status == 201 && created.text == #"{"_id":"k","a":1,"b":[1,2]}"#)
        #expect(
            try harness.request("GET", "documents/users/k") == Answer(body: created.body, revision: created.revision))

        let patched = try harness.request("PATCH", "documents/users/k", #"{"c.d":null,"$unset":{"b":1}}"#)
        #expect(patched.text == #"{"_id":"k","a":1,"c":{"d":null}}"#)
        #expect(try #require(patched.revision) > (try #require(created.revision)))

        let replaced = try harness.request("PUT", "documents/users/k", #"{"z":0}"#)
        #expect(replaced.status == 200 && replaced.text == #"{"_id":"k","z":0}"#)
        #expect(try harness.request("DELETE", "documents/users/k").status == 204)
        #expect(try code("GET", "documents/users/k") == "404 document.not_found")
        #expect(try code("DELETE", "documents/users/k") == "204")
    }

    @Test func `makes the collection with its first document`() throws {
        #expect(try code("GET", "documents/users") == "404 collection.not_found")
        try harness.request("POST", "documents/users")
        try harness.request("PUT", "collections/users/42/posts/documents/1")
        #expect(try harness.request("GET", "collections").text == #"{"collections":["users","users/42/posts"]}"#)
        #expect(try harness.request("GET", "collections?prefix=users/").text == #"{"collections":["users/42/posts"]}"#)
        #expect(
            try harness.request("GET", "collections/users").text == #"{"name":"users","schema":"","rules":null}"#)
    }

    @Test func `says what is there already and what is missing`() throws {
        try harness.request("POST", "collections", #"{"name":"a"}"#)
        try harness.request("PUT", "documents/a/k", #"{"v":1}"#)
        #expect(try code("POST", "collections", #"{"name":"a"}"#) == "409 collection.exists")
        #expect(try code("POST", "collections", #"{"name":"a","update_if_exists":true}"#) == "200")
        #expect(try code("POST", "documents/a", #"{"_id":"k"}"#) == "409 document.exists")
        #expect(try code("PATCH", "documents/a/missing") == "404 document.not_found")
        #expect(try code("PATCH", "documents/missing/k") == "404 collection.not_found")
        #expect(try code("DELETE", "documents/missing/k") == "204")
        #expect(try code("DELETE", "collections/missing") == "404 collection.not_found")
        #expect(try code("GET", "collections/missing") == "404 collection.not_found")
        #expect(try code("PUT", "documents/a/k", #"{"_id":"other"}"#) == "400 document.id_fixed")
        #expect(try harness.request("GET", "documents/a/k").json["v"] == 1, "nothing of it changed the document")
    }

    @Test func `insists on the revision that a write names`() throws {
        let first = try #require(try harness.request("PUT", "documents/a/k", #"{"v":1}"#).revision)
        #expect(try code("PUT", "documents/a/k", #"{"v":2}"#, ifMatch: first.tag) == "200")
        #expect(try code("PUT", "documents/a/k", #"{"v":3}"#, ifMatch: first.tag) == "412 document.revision_mismatch")
        #expect(try code("PATCH", "documents/a/k", ifMatch: first.tag) == "412 document.revision_mismatch")
        #expect(try code("DELETE", "documents/a/k", ifMatch: first.tag) == "412 document.revision_mismatch")
        #expect(try code("DELETE", "documents/a/none", ifMatch: "*") == "412 document.revision_mismatch")
        #expect(try harness.request("GET", "documents/a/k").json["v"] == 2)
    }

    @Test func `lists in the order of ids, part by part`() throws {
        for id in ["b", "a", "é", "c", "B"] { try harness.request("PUT", "documents/l/\(id)", #"{"n":1,"m":2}"#) }
        func ids(_ query: String) throws -> [String] {
            let answer = try harness.request("GET", "documents/l?\(query)").json
            let documents = try #require(answer["documents"]?.array)
            return documents.compactMap { $0["_id"]?.string } + (answer["next"]?.string.map { ["next \($0)"] } ?? [])
        }
        #expect(try ids("") == ["B", "a", "b", "c", "é"])
        #expect(try ids("limit=2") == ["B", "a", "next a"])
        #expect(try ids("limit=2&after=a") == ["b", "c", "next c"])
        #expect(try ids("limit=2&skip=3") == ["c", "é"])
        #expect(try ids("skip=9") == [])
        #expect(
            try harness.request("GET", "documents/l?limit=1&fields=m").text == #"{"documents":[{"m":2}],"next":"B"}"#)
        try harness.request("POST", "collections", #"{"name":"empty"}"#)
        #expect(try harness.request("GET", "documents/empty").text == #"{"documents":[]}"#)
    }

    @Test func `ends a list before it becomes too large`() throws {
        var settings = EngineSettings()
        settings.limits.listBytesMax = 300
        let harness = try EngineHarness(Scratch(), settings: settings)
        let filling = String(repeating: "x", count: 100)
        for id in 1...5 { try harness.request("PUT", "documents/l/\(id)", #"{"f":"\#(filling)"}"#) }
        let answer = try harness.request("GET", "documents/l").json
        #expect(answer["documents"]?.array?.count == 2)
        #expect(answer["next"] == "2")
    }

    @Test func `forgets a dropped collection for good`() throws {
        for id in 1...3 { try harness.request("PUT", "documents/d/\(id)") }
        #expect(try harness.request("DELETE", "collections/d").status == 204)
        #expect(try code("GET", "documents/d/1") == "404 document.not_found")
        try harness.request("POST", "collections", #"{"name":"d"}"#)
        #expect(try harness.request("GET", "documents/d").text == #"{"documents":[]}"#)
    }

    @Test func `answers everyone of a batch from one commit, in order`() throws {
        try harness.request("PUT", "documents/a/k", #"{"v":0}"#)
        let before = harness.stepCount(.synced)
        let results = try harness.batch([
            harness.operation("PUT", "documents/a/k", #"{"v":1}"#), harness.operation("GET", "documents/a/k"),
            harness.operation("PATCH", "documents/a/none"), harness.operation("DELETE", "documents/a/k"),
            harness.operation("GET", "documents/a/k"),
        ])
        #expect(
            results.map { $0?.summary } == ["200", "200", "404 document.not_found", "204", "404 document.not_found"])
        #expect(try results[1]?.get().json["v"] == 1)
        #expect(harness.stepCount(.synced) == before + 1)
    }

    @Test func `keeps to its limits`() throws {
        var settings = EngineSettings()
        settings.limits.collectionsMax = 1
        settings.limits.documentBytesMax = 60
        let harness = try EngineHarness(Scratch(), settings: settings)
        try harness.request("PUT", "documents/a/k", #"{"v":"0123456789"}"#)
        func code(_ method: String, _ path: String, _ body: String) throws -> String? {
            try harness.batch([harness.operation(method, path, body)])[0]?.summary
        }
        #expect(try code("PUT", "documents/b/k", "{}") == "409 collection.too_many")
        #expect(try code("POST", "collections", #"{"name":"b"}"#) == "409 collection.too_many")
        let more = #"{"w":"0123456789012345678901234567890123456789"}"#
        #expect(try code("PATCH", "documents/a/k", more) == "413 document.too_large")
        #expect(try harness.request("GET", "documents/a/k").text == #"{"_id":"k","v":"0123456789"}"#)
    }

    @Test(arguments: [["body_max": "5"], ["cache": "much"], ["collections_max": "0"]])
    func `refuses settings that cannot be`(values: [String: String]) {
        #expect(throws: StartFailure.self) { try EngineSettings(values) }
    }
}

extension EngineHarness {
    func stepCount(_ step: Step) -> Int { steps.count { $0 == step } }
}

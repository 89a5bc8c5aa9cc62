import Documents
import JSON
import Nouns
import Testing

@Suite struct DocumentPatchTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var document: String
        var patch: String
        var result: String
        var testDescription: String { "\(document) + \(patch)" }
    }

    private func object(_ text: String) throws -> JSONObject { try #require(JSONValue(parsing: text).object) }

    @Test(arguments: [
        Row(document: #"{"a":1,"b":2}"#, patch: #"{"a":3}"#, result: #"{"a":3,"b":2}"#),
        Row(document: #"{"a":{"x":1,"y":2}}"#, patch: #"{"a":{"x":3}}"#, result: #"{"a":{"x":3}}"#),
        Row(document: #"{"a":1}"#, patch: #"{"a":null}"#, result: #"{"a":null}"#),
        Row(document: #"{}"#, patch: #"{"a.b.c":1}"#, result: #"{"a":{"b":{"c":1}}}"#),
        Row(document: #"{"a":{"b":1,"c":2}}"#, patch: #"{"a.b":3}"#, result: #"{"a":{"b":3,"c":2}}"#),
        Row(document: #"{"a":5}"#, patch: #"{"a.b":1}"#, result: #"{"a":{"b":1}}"#),
        Row(document: #"{"a":[1,2]}"#, patch: #"{"a.0":9}"#, result: #"{"a":{"0":9}}"#),
        Row(document: #"{"a":1,"b":2}"#, patch: #"{"$unset":{"a":true}}"#, result: #"{"b":2}"#),
        Row(document: #"{"a":{"b":1,"c":2}}"#, patch: #"{"$unset":{"a.b":""}}"#, result: #"{"a":{"c":2}}"#),
        Row(document: #"{"a":1}"#, patch: #"{"$unset":{"a.b":1,"x.y":1,"z":1}}"#, result: #"{"a":1}"#),
        Row(document: #"{"a":1}"#, patch: #"{"a":2,"$unset":{"a":1}}"#, result: #"{"a":2}"#),
        Row(document: #"{"_id":"k","a":1}"#, patch: #"{"_id":"k","a":2}"#, result: #"{"_id":"k","a":2}"#),
        Row(document: #"{"a":1}"#, patch: #"{}"#, result: #"{"a":1}"#),
    ])
    func `changes what it names and nothing else`(row: Row) throws {
        let patched = try DocumentPatch(try object(row.patch)).applied(
            to: try object(row.document), id: DocumentID("k"))
        #expect(JSONValue.object(patched).text == row.result)
    }

    @Test(arguments: [
        (#"{"$inc":{"a":1}}"#, "patch.malformed"), (#"{"$unset":["a"]}"#, "patch.malformed"),
        (#"{"a..b":1}"#, "patch.malformed"), (#"{".a":1}"#, "patch.malformed"), (#"{"a.":1}"#, "patch.malformed"),
        (#"{"":1}"#, "patch.malformed"), (#"{"_id":"other"}"#, "document.id_fixed"),
        (#"{"_id":1}"#, "document.id_fixed"), (#"{"_id.x":1}"#, "document.id_fixed"),
        (#"{"$unset":{"_id":1}}"#, "document.id_fixed"),
    ])
    func `refuses what cannot be`(patch: String, code: String) throws {
        let fault = try #require(throws: Fault.self) {
            try DocumentPatch(try object(patch)).applied(to: JSONObject(), id: DocumentID("k"))
        }
        #expect(fault.status == 400 && fault.code == code)
    }

    @Test func `refuses a path of too many names`() throws {
        let path = Array(repeating: "a", count: DocumentPatch.pathMax + 1).joined(separator: ".")
        #expect(throws: Fault.self) { try DocumentPatch(JSONObject([(path, JSONValue.integer(1))])) }
    }
}

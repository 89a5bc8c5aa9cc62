import Documents
import JSON
import Nouns
import Testing

@Suite struct DocumentFormTests {
    private func encoded(_ text: String, id: String) throws -> String {
        let object = try #require(JSONValue(parsing: text).object)
        return String(decoding: DocumentForm.text.encode(object, id: try DocumentID(id)), as: UTF8.self)
    }

    @Test func `puts the id first and keeps the order of the rest`() throws {
        #expect(try encoded(#"{"b":1,"_id":"old","a":2}"#, id: "k") == #"{"_id":"k","b":1,"a":2}"#)
        #expect(try encoded("{}", id: "k\"") == #"{"_id":"k\""}"#)
    }

    @Test func `keeps every number as it was sent`() throws {
        let text = #"{"_id":"k","n":[1,-0.0,12345678901234567890,0.1,1e-7,1E400]}"#
        let stored = try encoded(text, id: "k")
        let read = try #require(DocumentForm.text.decode(Array(stored.utf8)))
        #expect(read["n"]?.array?[2] == .decimal("12345678901234567890"))
        #expect(try encoded(stored, id: "k") == stored)
    }

    @Test func `knows its own bytes`() throws {
        #expect(DocumentForm(of: Array("{}".utf8)) == .text)
        #expect(DocumentForm(of: [1, 2]) == nil)
        #expect(DocumentForm(of: []) == nil)
        #expect(DocumentForm.text.decode(Array("{\"a\":".utf8)) == nil)
    }

    @Test func `shows only the members that are asked for`() throws {
        let document = try #require(JSONValue(parsing: #"{"_id":"k","a":1,"b":2,"c":3}"#).object)
        func shown(_ fields: String) throws -> String {
            JSONValue.object(try Projection(fields, max: 3).applied(to: document)).text
        }
        #expect(try shown("") == #"{"_id":"k","a":1,"b":2,"c":3}"#)
        #expect(try shown("c,a,missing") == #"{"a":1,"c":3}"#)
        #expect(try shown("_id") == #"{"_id":"k"}"#)
        #expect(throws: Fault.self) { try shown("a,b,c,d") }
    }

    @Test func `reads only bodies that are objects within the limits`() throws {
        var limits = DocumentLimits()
        limits.documentBytesMax = 20
        limits.depthMax = 2
        func code(_ body: String) -> String? {
            do throws(Fault) {
                _ = try limits.object(Array(body.utf8))
                return nil
            } catch {
                return "\(error.status) \(error.code)"
            }
        }
        #expect(code(#"{"a":{}}"#) == nil)
        #expect(code("[]") == "400 request.body_not_an_object")
        #expect(code("") == "400 request.json_malformed")
        #expect(code(#"{"a":{"b":{}}}"#) == "400 request.json_malformed")
        #expect(code(#"{"a":"0123456789012"}"#) == "413 request.body_too_long")
        let fault = #expect(throws: Fault.self) { try limits.object(Array(#"{"a":}"#.utf8)) }
        #expect(fault?.message.contains("byte 5") == true)
    }
}

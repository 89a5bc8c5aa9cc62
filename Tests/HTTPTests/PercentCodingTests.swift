import HTTP
import Nouns
import Testing

struct PercentCodingTests {
    func decode(_ text: String, isForm: Bool = false) throws -> String {
        try Array(text.utf8).withUnsafeBytes { try PercentCoding.decodeText($0, isForm: isForm) }
    }

    @Test func `decodes both cases of digits, and plus in forms only`() throws {
        #expect(try decode("a%2Fb%c3%a4+c") == "a/bä+c")
        #expect(try decode("a+b", isForm: true) == "a b")
    }

    @Test(arguments: ["%", "%4", "a%4", "%g0", "%0g", "%%41"]) func `refuses what is cut or no digit`(_ text: String) {
        #expect(throws: Fault.percentMalformed) { try decode(text) }
    }

    @Test(arguments: ["%00", "%ff", "%c3"]) func `text is UTF-8 without NUL`(_ text: String) {
        #expect { try decode(text) } throws: { ($0 as? Fault)?.code == "request.text_malformed" }
    }

    @Test func `encodes all but unreserved bytes`() throws {
        let encoded = PercentCoding.encode("a-._~/ ä%".utf8)
        #expect(String(decoding: encoded, as: UTF8.self) == "a-._~%2F%20%C3%A4%25")
    }

    func find(_ name: StaticString, in text: String) throws -> String? {
        let found = try Array(text.utf8).withUnsafeBytes { try Query($0).first(name) }
        return found.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `finds a query's values by decoded name`() throws {
        let text = "&a=1&key=pk%5F1+2&k%65z=3&key=other&flag"
        #expect(try find("key", in: text) == "pk_1 2")
        #expect(try find("kez", in: text) == "3")
        #expect(try find("flag", in: text) == "")
        #expect(try find("fla", in: text) == nil)
    }
}

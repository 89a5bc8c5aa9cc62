import Nouns
import Testing

struct NounsTests {
    @Test func `hexadecimal digits are lower-case, and as many as they should be`() {
        #expect(Hex.text([0, 9, 0xAF, 0xFF]) == "0009afff")
        #expect(Hex.isText("09af", digits: 4) && !Hex.isText("09aF", digits: 4) && !Hex.isText("09af", digits: 5))
        #expect(!Hex.isText("09ag", digits: 4) && !Hex.isText("/:", digits: 2) && !Hex.isText("`g", digits: 2))
    }

    @Test(arguments: [
        "a", "0", "acme-2", String(repeating: "a", count: 40), "1d9f5c7e-0d4b-4c0e-8a51-3d6f2e0b9c11",
    ])
    func `takes a project's id of the form`(text: String) {
        #expect(ProjectID(text)?.text == text)
    }

    @Test(arguments: ["", "-a", "A", "a_b", "a/b", "..", "@shared", "ä", String(repeating: "a", count: 41)])
    func `refuses a project's id outside the form`(text: String) {
        #expect(ProjectID(text) == nil)
    }

    @Test(arguments: ["acme/bundoc", "acme/function-worker/3", "@shared/front"])
    func `an instance's id reads as it prints`(text: String) {
        #expect(InstanceID(text)?.description == text)
    }

    @Test(arguments: [
        "acme", "acme/", "acme/Bundoc", "acme/bundoc/x", "acme/bundoc/-1", "acme/bundoc/1/2", "@other/front",
    ])
    func `refuses an instance's id outside the form`(text: String) {
        #expect(InstanceID(text) == nil)
    }

    @Test func `a token never prints itself`() {
        let token = Token("0123456789abcdef0123456789abcdef")!
        #expect("\(token)" == "token(hidden)")
        #expect(String(reflecting: token) == "token(hidden)")
    }

    @Test func `a token matches itself only`() {
        let token = Token(random: (3, 4))
        #expect(Array(token.hex.utf8).withUnsafeBytes { token.matches($0) })
        for index in 0..<Token.length {
            var other = Array(token.hex.utf8)
            other[index] ^= 1
            #expect(!other.withUnsafeBytes { token.matches($0) })
        }
        #expect(!Array("short".utf8).withUnsafeBytes { token.matches($0) })
    }

    @Test func `a moment saturates instead of overflowing`() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.zero + .seconds(Int64.max) == .distantFuture)
        #expect((Instant.zero + .milliseconds(1300)).description == "1.300")
    }

    @Test func `milliseconds are never cut short`() {
        #expect(Duration.nanoseconds(1).millisecondsRoundedUp == 1)
        #expect(Duration.milliseconds(5).millisecondsRoundedUp == 5)
        #expect(Duration.zero.millisecondsRoundedUp == 0)
    }
}

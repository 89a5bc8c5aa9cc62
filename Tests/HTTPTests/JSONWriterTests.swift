import JSON
import Testing

struct JSONWriterTests {
    @Test func `sets commas between members and elements only`() {
        var writer = JSONWriter()
        writer.object {
            $0.member("id", "p1")
            $0.member("none") { $0.array { _ in } }
            $0.member("items") {
                $0.array {
                    $0.value(1)
                    $0.object { _ in }
                    $0.value(encoded: Array(#"{"x":1}"#.utf8))
                    $0.null()
                }
            }
            $0.member("ok", true)
            $0.member("size", UInt64.max)
            $0.member("tree", ["a": [1, "b"]])
        }
        let text =
            #"{"id":"p1","none":[],"items":[1,{},{"x":1},null],"ok":true,"size":18446744073709551615,"#
            + #""tree":{"a":[1,"b"]}}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("", #""""#), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
        ("\0\u{1F}", #""\u0000\u001f""#), ("é😀/\u{7F}", "\"é😀/\u{7F}\""),
    ])
    func `escapes what must be escaped and nothing else`(string: String, text: String) {
        #expect(JSONValue.string(string).text == text)
    }

    @Test(arguments: [(1.5, "1.5"), (1e300, "1e+300"), (-0.0, "-0.0"), (.infinity, "null"), (.nan, "null")])
    func `writes doubles that are read back as they were`(number: Double, text: String) throws {
        #expect(JSONValue.double(number).text == text)
        if number.isFinite { #expect(try JSONValue(parsing: text).double?.bitPattern == number.bitPattern) }
    }

    @Test func `writes doubles of any bit pattern so that they are read back`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let number = Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
            guard number.isFinite else { continue }
            #expect(try JSONValue(parsing: JSONValue.double(number).text) == .double(number))
        }
    }
}

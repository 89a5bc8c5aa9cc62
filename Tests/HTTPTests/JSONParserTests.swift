import JSON
import Testing

struct JSONParserTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), (" true ", true), ("false", false), ("0", 0), ("-12", -12), ("[]", []),
            ("{}", [:]),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1.5", 1.5), ("-0.25e2", .double(-25)), ("1e3", .double(1000)), ("0.1", 0.1), ("1.0", 1.0),
            ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
            ("5e-324", .double(.leastNonzeroMagnitude)),
            ("[1, [2],\t\"x\"\r\n]", [1, [2], "x"]), (#"{"a": {"b": [null]}}"#, ["a": ["b": [nil]]]),
        ] as [(String, JSONValue)])
    func `reads a value`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "1e400", "-1e400",
        "1e-400",
        "0.1000000000000000055511151231257827", "1.00000000000000000001",
    ])
    func `keeps the text of a number that is neither an integer nor exact as a double`(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value == .decimal(text))
        #expect(value.text == text)
    }

    @Test(arguments: [
        "100000000000000000000", "12345678901234567.0e3", "0.30000000000000004", "4.35",
        "2.2250738585072014e-308",
    ])
    func `takes a number that a double prints back as a double`(text: String) throws {
        #expect(try JSONValue(parsing: text) == .double(Double(text)!))
    }

    @Test func `reads minus zero as a double, which keeps its sign`() throws {
        let value = try JSONValue(parsing: "-0")
        #expect(value.double?.sign == .minus)
        #expect(value.text == "-0.0")
    }

    @Test(arguments: [
        (#""""#, ""), (#""a/b""#, "a/b"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u00e9\u4E2d""#, "é中"), (#""\ud83d\ude00!""#, "😀!"), ("\"né😀\"", "né😀"), (#""a\u0000b""#, "a\0b"),
        ("\"\u{7F}\"", "\u{7F}"),
    ])
    func `reads a string`(text: String, string: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.string.map { Array($0.utf8) } == Array(string.utf8))
    }

    @Test(arguments: [
        ("", 0), ("  ", 2), ("nul", 3), ("nulx", 3), ("True", 0), ("01", 1), ("-", 1), ("+1", 0), (".5", 0),
        ("1.", 2),
        ("1.e1", 2), ("1e", 2), ("1e+", 3), ("0x1", 1), ("NaN", 0), ("1 2", 2), ("[1,]", 3), ("[1 2]", 3),
        ("[", 1),
        ("]", 0), ("[1", 2), ("{", 1), (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), ("{a:1}", 1),
        ("{1:1}", 1),
        (#"{"a":1"#, 6), (#""abc"#, 4), (#""a\"#, 3), (#""\x""#, 1), (#""\u12g4""#, 5), (#""\u12"#, 5),
        (#""\ud800""#, 1), (#""\ud800\n""#, 1), (#""\ud800\u0041""#, 1), (#""\udc00""#, 1), ("\"\u{1}\"", 1),
        ("\"a\nb\"", 2), ("'a'", 0), ("// x\n1", 0), ("\u{FEFF}1", 0), ("1\u{0}", 1), ("\u{A0}1", 0),
    ])
    func `refuses what RFC 8259 does not allow and says where`(text: String, offset: Int) {
        #expect { try JSONValue(parsing: text) } throws: { ($0 as? JSONValue.Malformed)?.offset == offset }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func `refuses strings that are not valid UTF-8`(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        for text in [[quote] + bytes + [quote], [quote] + Array(#"\n"#.utf8) + bytes + [quote]] {
            #expect(throws: JSONValue.Malformed("a string that is not valid UTF-8", at: 1)) {
                try JSONValue(parsing: text)
            }
        }
    }

    @Test func `takes 64 levels and no more`() throws {
        let deep = { (levels: Int) in
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        _ = try JSONValue(parsing: deep(64))
        #expect(throws: JSONValue.Malformed("arrays and objects too deep in each other", at: 64)) {
            try JSONValue(parsing: deep(65))
        }
        // Levels beside each other are not deeper.
        _ = try JSONValue(parsing: "[" + Array(repeating: deep(63), count: 3).joined(separator: ",") + "]")
    }

    @Test func `takes a text of the given size and none longer`() throws {
        #expect(try JSONValue(parsing: Array("[12]".utf8), bytesMax: 4) == [12])
        #expect(throws: JSONValue.Malformed("a text of more than 3 bytes", at: 3)) {
            try JSONValue(parsing: Array("[12]".utf8), bytesMax: 3)
        }
    }

    @Test func `lets the last of two members of one name count, at the place of the first`() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"\u0061":3}"#)
        #expect(value.text == #"{"a":3,"b":2}"#)
    }

    @Test func `tells names apart by their bytes`() throws {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        #expect(composed == decomposed)
        let value = try JSONValue(parsing: "{\"\(composed)\":1,\"\(decomposed)\":2}")
        #expect(value.object?.count == 2)
        #expect(value[composed] == 1)
        #expect(value[decomposed] == 2)
    }

    @Test func `reads back what it wrote, whatever bytes a mutated text holds`() {
        var random = SystemRandomNumberGenerator()
        let seed = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",null,true],"b":{"c":"é😀","d":[]}}"#.utf8)
        for _ in 0..<5_000 {
            var text = seed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            guard let value = try? JSONValue(parsing: text) else { continue }
            #expect((try? JSONValue(parsing: value.bytes)) == value, "\(text)")
        }
    }
}

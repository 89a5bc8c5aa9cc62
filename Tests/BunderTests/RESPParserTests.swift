import KeyValues
import Testing

@Suite struct RESPParserTests {
    private static func commands(
        _ text: String, piece: Int = .max, _ limits: KeyValueLimits = KeyValueLimits()
    ) throws -> [[String]] {
        var parser = RESPParser(limits)
        var found: [[String]] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(piece))
            rest = rest.dropFirst(part.count)
            part.withUnsafeBytes { parser.take($0) }
            while let words = try parser.next() { found.append(words.map { String(decoding: $0, as: UTF8.self) }) }
        }
        return found
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `cuts commands out of pieces of any size`(piece: Int) throws {
        let text =
            "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n"
            + "PING  hi\r\n\r\n*0\r\n*-1\r\n*2\r\n$4\r\nECHO\r\n$5\r\na\r\nb\n\r\nquit\n"
        let expected = [["GET", "a"], ["PING"], ["PING", "hi"], ["ECHO", "a\r\nb\n"], ["quit"]]
        #expect(try Self.commands(text, piece: piece) == expected)
    }

    @Test(arguments: [
        ("*x\r\n", "invalid multibulk length"), ("*1048577\r\n", "invalid multibulk length"),
        ("*1\r\n:1\r\n", "expected '$', got ':'"), ("*1\r\n$x\r\n", "invalid bulk length"),
        ("*1\r\n$-1\r\n", "invalid bulk length"), ("*1\r\n$16777217\r\n", "invalid bulk length"),
        ("*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
        (String(repeating: "x", count: 65_536), "too big inline request"),
        ("*" + String(repeating: "1", count: 65_536), "too big mbulk count string"),
    ])
    func `refuses what is no command`(text: String, message: String) {
        #expect(throws: RESPParser.Malformed(message: message)) { try Self.commands(text) }
    }

    @Test func `one command has a limit, also when each word keeps its own`() {
        var limits = KeyValueLimits()
        limits.commandMax = 100
        let word = "$60\r\n" + String(repeating: "x", count: 60) + "\r\n"
        #expect(throws: RESPParser.Malformed(message: "invalid bulk length")) {
            try Self.commands("*2\r\n" + word + word, limits)
        }
    }
}

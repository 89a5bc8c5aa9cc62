import HTTP
import Nouns

/// What a Redis client says before it is known: the front understands just enough to learn its project.
///
/// Reads one command after the other, as an array of bulk strings or inline (the RESP specification), with narrow
/// limits. `AUTH <project> <key>` and `HELLO [2|3] AUTH <project> <key>` choose the project; everything behind them is
/// for the instance.
package struct RESPGreeting: Sendable {
    /// Bytes of one command.
    package static let commandMax = 1_024
    /// Words of one command.
    package static let wordsMax = 16
    /// Commands before a valid AUTH, wrong ones included.
    package static let commandsMax = 16

    package enum Command: Hashable, Sendable {
        case auth(project: String, key: String)
        /// With the version that is to be spoken.
        case hello(version: Int, project: String, key: String)
        case quit
        /// Anything else: this is the reply.
        case refused(String)
    }

    package enum Reading: Hashable, Sendable {
        case incomplete
        /// With the number of bytes it took.
        case command(Command, length: Int)
        /// This is the last reply; the connection is to be closed.
        case broken(String)
    }

    package static let unauthenticated = "-NOAUTH Authentication required: AUTH <project> <key>\r\n"
    package static let wrongPass = "-WRONGPASS invalid project or key, or the project is gone\r\n"

    /// The first command in the bytes.
    package static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        guard let first = bytes.first else { return .incomplete }
        var cursor = Cursor(bytes: bytes)
        let words: [String]
        do {
            guard let read = first == UInt8(ascii: "*") ? try cursor.array() : try cursor.inline() else {
                let isTooLong = bytes.count >= commandMax
                return isTooLong ? .broken("-ERR Protocol error: a command before AUTH is too long\r\n") : .incomplete
            }
            words = read
        } catch {
            return .broken("-ERR Protocol error: \(error.reason)\r\n")
        }
        guard cursor.index <= commandMax else {
            return .broken("-ERR Protocol error: a command before AUTH is too long\r\n")
        }
        return .command(command(words), length: cursor.index)
    }

    private static func command(_ words: [String]) -> Command {
        guard let name = words.first?.uppercased() else { return .refused("") }
        switch name {
        case "AUTH":
            guard words.count == 3 else {
                return .refused("-ERR AUTH takes a project and its key: AUTH <project> <key>\r\n")
            }
            return .auth(project: words[1], key: words[2])
        case "HELLO": return hello(words)
        case "QUIT": return .quit
        default: return .refused(unauthenticated)
        }
    }

    private static func hello(_ words: [String]) -> Command {
        guard words.count > 1 else {
            return .refused(
                "-NOAUTH HELLO needs credentials on a new connection: HELLO <2|3> AUTH <project> <key>\r\n")
        }
        guard let version = Int(words[1]), (2...3).contains(version) else {
            return .refused("-NOPROTO unsupported protocol version\r\n")
        }
        guard words.count > 2 else {
            return .refused(
                "-NOAUTH HELLO needs credentials on a new connection: HELLO <2|3> AUTH <project> <key>\r\n")
        }
        guard words.count == 5, words[2].uppercased() == "AUTH" else {
            return .refused("-ERR HELLO takes AUTH <project> <key> and nothing else before a client is known\r\n")
        }
        return .hello(version: version, project: words[3], key: words[4])
    }

    private struct Broken: Error { let reason: String }

    /// Reads from the front of the bytes; nil where they end too early.
    private struct Cursor {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        mutating func array() throws(Broken) -> [String]? {
            guard let count = try number(after: UInt8(ascii: "*")) else { return nil }
            guard (1...RESPGreeting.wordsMax).contains(count) else { throw Broken(reason: "invalid multibulk length") }
            var words: [String] = []
            while words.count < count {
                guard let length = try number(after: UInt8(ascii: "$")) else { return nil }
                guard (0...RESPGreeting.commandMax).contains(length) else {
                    throw Broken(reason: "invalid bulk length")
                }
                guard index + length + 2 <= bytes.count else { return nil }
                let range = ByteRange(index, index + length)
                guard bytes[index + length] == UInt8(ascii: "\r"), bytes[index + length + 1] == UInt8(ascii: "\n")
                else {
                    throw Broken(reason: "a bulk string without its end")
                }
                words.append(bytes[range].text)
                index += length + 2
            }
            return words
        }

        /// A line of words, as typed into telnet.
        mutating func inline() throws(Broken) -> [String]? {
            guard let line = line() else { return nil }
            index = line.next
            // At the same bytes as the instance, which reads on behind the greeting.
            let words = bytes[line.text].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                .map { String(decoding: $0, as: UTF8.self) }
            guard words.count <= RESPGreeting.wordsMax else { throw Broken(reason: "too many words") }
            return words
        }

        private mutating func number(after sign: UInt8) throws(Broken) -> Int? {
            guard index < bytes.count else { return nil }
            guard bytes[index] == sign else { throw Broken(reason: "expected '\(Character(UnicodeScalar(sign)))'") }
            guard let line = line() else { return nil }
            let digits = bytes[ByteRange(Int(line.text.start) + 1, Int(line.text.end))]
            guard (1...6).contains(digits.count), digits.allSatisfy(\.isDigit),
                digits.count == 1 || digits[0] != UInt8(ascii: "0"), let number = Int(digits.text)
            else { throw Broken(reason: "invalid length") }
            index = line.next
            return number
        }

        private func line() -> (text: ByteRange, next: Int)? {
            var end = index
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            guard end < bytes.count else { return nil }
            let isPair = end > index && bytes[end - 1] == UInt8(ascii: "\r")
            return (ByteRange(index, isPair ? end - 1 : end), end + 1)
        }
    }
}

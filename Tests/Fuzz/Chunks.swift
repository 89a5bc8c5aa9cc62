import HTTP
import Nouns

extension FuzzTarget {
    package static let chunked = FuzzTarget(
        "chunked",
        seeds: [
            "0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n",
            "a;x=\"y\"\r\n0123456789\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nGET /",
            "0005\r\nhello\r\n000\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "-1\r\n", "fffffffffffffff\r\n",
            "1 \r\nx\r\n0;\r\n\r\n", "0\r\nA:\u{65D}b\r\n\r\n",
        ],
        words: ["\r\n", "0\r\n\r\n", ";a=b", "1\r\nx\r\n", "ffffffffffffffff", "A: b\r\n"]
    ) { bytes in
        let whole = decode(bytes, bytes.count)
        for size in [1, 3, 7] {
            try demand(decode(bytes, size) == whole, "in pieces of \(size): \(decode(bytes, size)), at once: \(whole)")
        }
        guard case .taken(let data, let count, let isComplete, let trailers) = whole else { return }
        try demand(count <= bytes.count, "took \(count) of \(bytes.count) bytes")
        try demand(isComplete || count == bytes.count, "stopped at \(count) of \(bytes.count) bytes")
        guard isComplete else { return }
        try demand(bytes.withPrefix(count) { decode($0, count) } == whole, "what follows the body changed it")
        if let plain = plainDecode(Array(bytes[..<count])) { try demand(plain == data, "\(plain) is not \(data)") }
        try checkTrailers(trailers)
        var written: [UInt8] = []
        data.withUnsafeBytes { ChunkedEncoder.append($0, to: &written) }
        ChunkedEncoder.appendEnd(to: &written)
        let again = written.withUnsafeBytes { decode($0, $0.count) }
        try demand(again == .taken(data, written.count, isComplete: true, trailers: []), "said again: \(again)")
    }

    /// Those that go on are a part of those that came, line by line, and say nothing that a head should have said.
    private static func checkTrailers(_ lines: [UInt8]) throws {
        func split(_ bytes: some Collection<UInt8>) -> [String] {
            bytes.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
        }
        let passed = OutputBuffer()
        Trailers.append(lines, to: passed)
        try demand(passed.count <= lines.count + 2 * split(lines).count, "more than came: \(passed.bytes.text)")
        for line in split(passed.bytes) {
            let name = Self.name(line)
            let isForbidden = ["content-length", "transfer-encoding", "host", "connection", "authorization"].contains(
                name)
            let isWhole = line.unicodeScalars.last == "\r"
            try demand(!isForbidden && !name.hasPrefix("x-bunbase-") && isWhole, "passed on: \(line)")
            try demand(split(lines).contains { Self.name($0) == name }, "invented: \(line)")
        }
    }

    /// By scalars: a mark that combines would make one character of itself and the colon.
    private static func name(_ line: String) -> String {
        String(line.unicodeScalars.prefix { $0 != ":" }).lowercased()
    }

    private enum Decoding: Equatable {
        case taken([UInt8], Int, isComplete: Bool, trailers: [UInt8])
        case refused(String)
    }

    /// Feeds the decoder pieces of a size.
    private static func decode(_ bytes: UnsafeRawBufferPointer, _ size: Int) -> Decoding {
        var decoder = ChunkedDecoder()
        var (data, index): ([UInt8], Int) = ([], 0)
        while index < bytes.count, !decoder.isComplete {
            let end = min(bytes.count, index + size)
            do throws(Fault) {
                index += try decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[index..<end])) { data += $0 }
            } catch {
                return .refused(error.code)
            }
        }
        return .taken(data, index, isComplete: decoder.isComplete, trailers: decoder.trailers)
    }

    /// The data of a body that is known to be well-formed, by a reader that trusts it.
    private static func plainDecode(_ bytes: [UInt8]) -> [UInt8]? {
        var (data, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes[...])
        while let end = rest.firstIndex(of: 10) {
            let digits = rest[..<end].prefix { ![13, 59, 32, 9].contains($0) }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
            if size == 0 { return data }
            guard rest.count >= end - rest.startIndex + 1 + size + 2 else { return nil }
            data += rest[(end + 1)..<(end + 1 + size)]
            rest = rest[(end + 1 + size + 2)...]
        }
        return nil
    }
}

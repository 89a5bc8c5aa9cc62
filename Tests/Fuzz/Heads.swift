import HTTP
import Nouns

/// What a scanner made of some bytes.
private enum Outcome<Head: Equatable>: Equatable {
    case incomplete
    case complete(Head)
    case refused(String)
}

/// A head in a form that can be compared, and written again.
private struct PlainHead: Equatable {
    var first: [[UInt8]]
    var fields: [[[UInt8]]]
    var framing: BodyFraming
    var length: Int

    func written(joining firstLine: [UInt8]) -> [UInt8] {
        var bytes = firstLine + Array("\r\n".utf8)
        for field in fields { bytes += field[0] + Array(": ".utf8) + field[1] + Array("\r\n".utf8) }
        return bytes + Array("\r\n".utf8)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func lines(of fields: Fields) -> [[[UInt8]]] {
        fields.lines.map { [Array(self[$0.name]), Array(self[$0.value])] }
    }
}

extension FuzzTarget {
    private static let limits = HeadLimits(bytesMax: 2_048, fieldsMax: 20)

    package static let requestHead = FuzzTarget(
        "request-head",
        seeds: [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /v1/a?key=1&x=%20 HTTP/1.1\r\nHost: a.b:80\r\nContent-Length: 5\r\nConnection: close, x\r\n\r\nhello",
            "PUT http://a/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nhost:a\r\nX-A:\t b \t\r\n\r\n", "\r\nGET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
        ],
        words: [
            "Host: ", "Content-Length: ", "Transfer-Encoding: ", "chunked", "Connection: ", "keep-alive", "\r\n",
            "\r\n\r\n", " HTTP/1.1", "http://", "https://", "100-continue", "Expect: ", "gzip, chunked", "\t", "\u{0}",
        ]
    ) { bytes in
        let whole = scanRequest(bytes)
        // Coming in pieces changes nothing.
        var scanner = RequestScanner(limits)
        for length in bytes.prefixes {
            let partial = bytes.withPrefix(length) { scanRequest($0, &scanner) }
            if partial == .incomplete, length < bytes.count { continue }
            try demand(partial == whole, "in pieces: \(partial), at once: \(whole)")
            break
        }
        guard case .complete(let head) = whole else { return }
        try checkText(bytes, head)
        // What follows the head does not count, and what was understood can be said again.
        try demand(bytes.withPrefix(head.length) { scanRequest($0) } == whole, "what follows the head changed it")
        let written = head.written(joining: Array(head.first.joined(separator: [UInt8(ascii: " ")])))
        var again = written.withUnsafeBytes { scanRequest($0) }
        // Its length may differ by white space.
        if case .complete(var other) = again, written.count <= limits.bytesMax {
            other.length = head.length
            again = .complete(other)
        }
        try demand(again == whole || written.count >= limits.bytesMax, "said again: \(again), at first: \(whole)")
    }

    package static let responseHead = FuzzTarget(
        "response-head",
        seeds: [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 204 \r\n\r\n", "HTTP/1.0 200\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        ],
        words: ["HTTP/1.1 ", "Content-Length: ", "Transfer-Encoding: ", "chunked", "Connection: ", "close", "\r\n\r\n"]
    ) { bytes in
        for method in [Method.get, .head] {
            let whole = scanResponse(bytes, method)
            var scanner = ResponseScanner(limits)
            for length in bytes.prefixes {
                let partial = bytes.withPrefix(length) { scanResponse($0, method, &scanner) }
                if partial == .incomplete, length < bytes.count { continue }
                try demand(partial == whole, "in pieces: \(partial), at once: \(whole)")
                break
            }
            guard case .complete(let head) = whole else { continue }
            try checkText(bytes, head)
            try demand(
                bytes.withPrefix(head.length) { scanResponse($0, method) } == whole, "what follows the head changed it")
        }
    }

    /// What must be true of the text of a head that was accepted, by other means than the scanner's.
    private static func checkText(_ bytes: UnsafeRawBufferPointer, _ head: PlainHead) throws {
        try demand(head.length <= limits.bytesMax && head.length <= bytes.count, "a head of \(head.length) bytes")
        try demand(head.fields.count <= limits.fieldsMax, "\(head.fields.count) fields")
        let text = Array(bytes[..<head.length])
        for (index, byte) in text.enumerated() {
            let isPaired =
                byte == 10 ? index > 0 && text[index - 1] == 13 : index + 1 < text.count && text[index + 1] == 10
            if byte == 10 || byte == 13 { try demand(isPaired, "a bare end of a line at \(index)") }
            try demand(byte >= 32 && byte != 127 || [9, 10, 13].contains(byte), "a control byte at \(index)")
        }
        func values(_ name: String) -> [String] {
            head.fields.filter { String(decoding: $0[0], as: UTF8.self).lowercased() == name }
                .map { String(decoding: $0[1], as: UTF8.self).lowercased() }
        }
        let (lengths, codings) = (values("content-length"), values("transfer-encoding"))
        try demand(lengths.count + codings.count <= 1, "several framings: \(lengths) \(codings)")
        if let length = lengths.first {
            try demand(!length.isEmpty && length.utf8.allSatisfy { (48...57).contains($0) }, "length \(length)")
            if case .length(let count) = head.framing { try demand(Int(length) == count, "\(length) is not \(count)") }
        }
        if let coding = codings.first { try demand(coding == "chunked", "coding \(coding)") }
        if head.framing == .chunked { try demand(!codings.isEmpty, "chunked by nobody's word") }
        for field in head.fields {
            try demand(!field[0].isEmpty && !field[0].contains { $0 <= 32 || $0 == 58 || $0 > 126 }, "name \(field[0])")
            try demand(![9, 32].contains(field[1].first) && ![9, 32].contains(field[1].last), "value \(field[1])")
        }
    }

    private static func scanRequest(_ bytes: UnsafeRawBufferPointer) -> Outcome<PlainHead> {
        var scanner = RequestScanner(limits)
        return scanRequest(bytes, &scanner)
    }

    private static func scanRequest(
        _ bytes: UnsafeRawBufferPointer, _ scanner: inout RequestScanner
    ) -> Outcome<PlainHead> {
        do throws(Fault) {
            guard try scanner.scan(bytes) else { return .incomplete }
        } catch {
            return .refused(error.code)
        }
        let head = scanner.head
        return .complete(
            PlainHead(
                first: [
                    Array(bytes[head.methodName]), Array(bytes[head.target]), Array("HTTP/1.\(head.minorVersion)".utf8),
                ],
                fields: bytes.lines(of: head.fields), framing: head.framing, length: head.length))
    }

    private static func scanResponse(_ bytes: UnsafeRawBufferPointer, _ method: Method) -> Outcome<PlainHead> {
        var scanner = ResponseScanner(limits)
        return scanResponse(bytes, method, &scanner)
    }

    private static func scanResponse(
        _ bytes: UnsafeRawBufferPointer, _ method: Method, _ scanner: inout ResponseScanner
    ) -> Outcome<PlainHead> {
        do throws(Fault) {
            guard try scanner.scan(bytes, answering: method) else { return .incomplete }
        } catch {
            return .refused(error.code)
        }
        let head = scanner.head
        return .complete(
            PlainHead(
                first: [Array("\(head.status)".utf8)], fields: bytes.lines(of: head.fields), framing: head.framing,
                length: head.length))
    }
}

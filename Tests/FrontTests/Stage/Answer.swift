import HTTP

/// One answer that a client got, taken apart by the same strict parser.
struct Answer {
    var status: Int
    /// Names in lower case.
    var fields: [(name: String, value: String)]
    var body: String
    var isChunked: Bool

    subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The `code` of an error's body.
    var code: String? {
        guard let start = body.range("\"code\":\"") else { return nil }
        return String(body[start.upperBound...].prefix { $0 != "\"" })
    }

    /// The complete answers in the bytes, and what is left behind them. Interim answers count.
    static func all(_ bytes: [UInt8], _ method: HTTP.Method, hasEnded: Bool) -> ([Answer], rest: [UInt8]) {
        var answers: [Answer] = []
        var rest = bytes
        while !rest.isEmpty {
            var scanner = ResponseScanner(HeadLimits(bytesMax: 65_536, fieldsMax: 200))
            guard (try? rest.withUnsafeBytes { try scanner.scan($0, answering: method) }) == true else { break }
            let head = scanner.head
            let body = Array(rest[head.length...])
            var data: [UInt8] = []
            var length = 0
            switch head.framing {
            case .none: break
            case .length(let count):
                guard body.count >= count else { return (answers, rest) }
                (data, length) = (Array(body[..<count]), count)
            case .chunked:
                var decoder = ChunkedDecoder()
                let count = try? body.withUnsafeBytes { try decoder.decode($0) { data += $0 } }
                guard let count, decoder.isComplete else { return (answers, rest) }
                length = count
            case .untilClose:
                guard hasEnded else { return (answers, rest) }
                (data, length) = (body, body.count)
            }
            let fields = rest.withUnsafeBytes { bytes in
                head.fields.lines.map { (bytes[$0.name].text.lowercased(), bytes[$0.value].text) }
            }
            answers.append(
                Answer(
                    status: head.status, fields: fields, body: String(decoding: data, as: UTF8.self),
                    isChunked: head.framing == .chunked))
            rest = Array(body[length...])
        }
        return (answers, rest)
    }
}

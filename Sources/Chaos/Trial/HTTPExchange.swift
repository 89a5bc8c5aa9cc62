import Foundation
import JSON

/// An answer as a client sees it.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// Names in lower case, in order.
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]

    package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    package var text: String { String(decoding: body, as: UTF8.self) }
    /// The body as JSON; null when it is none.
    package var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
}

extension BlockingConnection {
    /// One request and its answer on this connection.
    package func exchange(
        _ method: String, _ path: String, fields: [String: String] = [:], body: [UInt8]? = nil,
        host: String = "localhost"
    ) throws -> HTTPAnswer {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + (body ?? []))
        return try answer(to: method)
    }

    /// The next answer on this connection; answers of the 1xx class are passed over.
    package func answer(to method: String) throws -> HTTPAnswer {
        while true {
            let head = String(decoding: try read(until: "\r\n\r\n"), as: UTF8.self)
            let lines = head.components(separatedBy: "\r\n").filter { !$0.isEmpty }
            guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                throw Failure.malformed(head)
            }
            let fields = lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (
                    name: parts[0].lowercased(),
                    value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
                )
            }
            var answer = HTTPAnswer(status: status, fields: Array(fields), body: [])
            if (100..<200).contains(status) { continue }
            if method == "HEAD" || status == 204 || status == 304 { return answer }
            if answer["transfer-encoding"]?.lowercased() == "chunked" {
                answer.body = try chunks()
            } else if let length = answer["content-length"].flatMap({ Int($0) }) {
                answer.body = try read(count: length)
            } else {
                answer.body = try readToEnd()
            }
            return answer
        }
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            guard let size = Int(try readLine(), radix: 16) else { throw Failure.malformed("chunk size") }
            body += try read(count: size)
            _ = try readLine()
            if size == 0 { return body }
        }
    }
}

/// One request on a connection of its own.
package func exchange(
    _ address: BlockingConnection.Address, _ method: String, _ path: String, fields: [String: String] = [:],
    body: [UInt8]? = nil, patience: Duration = .seconds(20)
) throws -> HTTPAnswer {
    let connection = try BlockingConnection(address, patience: patience)
    defer { connection.close() }
    return try connection.exchange(
        method, path, fields: fields.merging(["Connection": "close"]) { a, _ in a }, body: body)
}

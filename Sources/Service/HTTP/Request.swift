import HTTP
import Linux
import Nouns

/// One whole request: its head checked, its body read.
package struct Request {
    package let method: Method
    /// The parts of the path between slashes, percent-decoded; none for `/`. A slash at the end makes an empty last
    /// one.
    package let segments: [String]
    package let body: [UInt8]
    /// Of a unix socket's other end; nil over TCP.
    package let peer: PeerCredentials?

    private let head: RequestHead
    private let bytes: [UInt8]
    /// Where the route's parameters stand in `segments`.
    var parameters: [(name: String, segment: Int)] = []

    /// Throws 400 when the path is not percent-encoded UTF-8 text.
    init(
        _ head: RequestHead, _ bytes: [UInt8], body: [UInt8], peer: PeerCredentials?
    ) throws(Fault) {
        (self.head, self.bytes, self.body, self.peer) = (head, bytes, body, peer)
        method = head.method
        segments = try Self.segments(head, bytes)
    }

    package var methodName: String { text(head.methodName) }

    /// The path as sent, without the query.
    package var path: String { text(head.path) }

    /// The first field of that name; nil when there is none.
    package func field(_ name: FieldName) -> String? { head.fields.first(name).map(text) }

    /// The first field of that name, which must be lower-case and none of `FieldName`'s.
    package func field(named name: StaticString) -> String? {
        bytes.withUnsafeBytes { bytes in head.fields.first(named: name, in: bytes) }.map(text)
    }

    /// The value for `{name}` in the route's pattern, which must have it.
    package func parameter(_ name: String) -> String {
        guard let place = parameters.first(where: { $0.name == name }) else {
            preconditionFailure("the route has no parameter {\(name)}")
        }
        return segments[place.segment]
    }

    /// The decoded value of the first query item of that name; nil when there is none.
    ///
    /// Throws 400 when it is not percent-encoded UTF-8 text.
    package func query(_ name: StaticString) throws(Fault) -> String? {
        guard let range = head.query else { return nil }
        return try reading { bytes throws(Fault) in
            let query = bytes[range]
            let items = Query(query)
            var value: String?
            try items.forEach { pair throws(Fault) in
                guard try items.isNamed(pair, name) else { return true }
                value = try PercentCoding.decodeText(query[pair.value], isForm: true)
                return false
            }
            return value
        }
    }

    /// All query items, decoded, in their order.
    ///
    /// Throws 400 when one is not percent-encoded UTF-8 text.
    package func queryItems() throws(Fault) -> [(name: String, value: String)] {
        guard let range = head.query else { return [] }
        return try reading { bytes throws(Fault) in
            let query = bytes[range]
            var items: [(name: String, value: String)] = []
            try Query(query).forEach { pair throws(Fault) in
                items.append(
                    (
                        try PercentCoding.decodeText(query[pair.name], isForm: true),
                        try PercentCoding.decodeText(query[pair.value], isForm: true)
                    ))
                return true
            }
            return items
        }
    }

    private func text(_ range: ByteRange) -> String { bytes.withUnsafeBytes { $0[range].text } }

    private func reading<Value>(
        _ read: (UnsafeRawBufferPointer) throws(Fault) -> Value
    ) throws(Fault) -> Value {
        try Self.reading(bytes, read)
    }

    private static func reading<Value>(
        _ bytes: [UInt8], _ read: (UnsafeRawBufferPointer) throws(Fault) -> Value
    ) throws(Fault) -> Value {
        let result = bytes.withUnsafeBytes { bytes -> Result<Value, Fault> in
            do throws(Fault) {
                return .success(try read(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func segments(_ head: RequestHead, _ bytes: [UInt8]) throws(Fault) -> [String] {
        try reading(bytes) { bytes throws(Fault) in
            let path = bytes[head.path]
            guard path.count > 1 else { return [] }
            var segments: [String] = []
            var start = 1
            for end in 1...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
                segments.append(try PercentCoding.decodeText(path[ByteRange(start, end)]))
                start = end + 1
            }
            return segments
        }
    }
}

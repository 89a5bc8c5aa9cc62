import HTTP
import Nouns

/// Writes the fields of an HTTP/2 request as the head of an HTTP/1.1 request, which `RequestScanner` then reads: so
/// every rule about heads holds for both, and there is one place that knows it (RFC 9113 §8.3.1).
///
/// One composer serves all requests of a connection, one after the other, without allocating.
struct HeadComposer {
    /// The head, once it is composed.
    private(set) var bytes: [UInt8] = []
    private let limits: HeadLimits
    private var method: [UInt8] = []
    private var path: [UInt8] = []
    private var authority: [UInt8] = []
    private var scheme: [UInt8] = []
    private var host: [UInt8] = []
    private var cookies: [UInt8] = []
    private var lines: [UInt8] = []
    private var count = 0
    private var hasLength = false
    private var fault: Fault?
    /// Whether there is a `fault`, which takes a while to look at.
    private var isRefused = false

    init(_ limits: HeadLimits) { self.limits = limits }

    mutating func begin() {
        method.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        authority.removeAll(keepingCapacity: true)
        scheme.removeAll(keepingCapacity: true)
        host.removeAll(keepingCapacity: true)
        cookies.removeAll(keepingCapacity: true)
        lines.removeAll(keepingCapacity: true)
        (count, hasLength) = (0, false)
        if isRefused { (fault, isRefused) = (nil, false) }
    }

    private mutating func refuse(_ fault: Fault) { (self.fault, isRefused) = (fault, true) }

    /// Takes one field. The names' form and the order are checked by nghttp2.
    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard !isRefused, !name.isEmpty else { return }
        guard lines.count + cookies.count + name.count + value.count + 4 <= limits.bytesMax else {
            return refuse(name.equals(":path") ? .targetTooLong(limits.bytesMax) : .headTooLong(limits.bytesMax))
        }
        guard name[0] != UInt8(ascii: ":") else { return addPseudo(name, value) }
        // Each crumb of a cookie is a field by itself here, and one line there (RFC 9113 §8.2.3).
        if name.equals("cookie") {
            if !cookies.isEmpty { cookies.append("; " as StaticString) }
            cookies += value
            return
        }
        count += 1
        guard count <= limits.fieldsMax else { return refuse(.fieldsTooMany(limits.fieldsMax)) }
        // A line break would begin another line.
        guard value.allSatisfy(\.isFieldValue), name.allSatisfy(\.isToken) else { return refuse(.controlByte) }
        if name.equals("host") {
            guard host.isEmpty else { return refuse(.hostRepeated) }
            return host += value
        }
        if name.equals("content-length") { hasLength = true }
        lines += name
        lines.append(": " as StaticString)
        lines += value
        lines.appendLineEnd()
    }

    private mutating func addPseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if name.equals(":method") {
            method += value
        } else if name.equals(":path") {
            path += value
        } else if name.equals(":authority") {
            authority += value
        } else if name.equals(":scheme") {
            scheme += value
        }
    }

    /// Fills `bytes`.
    ///
    /// - Parameter hasBody: the stream goes on behind the head.
    mutating func compose(hasBody: Bool) throws(Fault) {
        if let fault { throw fault }
        guard !Self.is(method, "CONNECT") else { throw .methodUnsupported }
        guard !method.isEmpty, method.allSatisfy(\.isToken) else { throw .methodMalformed }
        guard Self.is(scheme, "https") || Self.is(scheme, "http") else { throw .targetMalformed }
        guard path.allSatisfy(\.isTarget), let first = path.first,
            first == UInt8(ascii: "/") || Self.is(path, "*")
        else { throw .targetMalformed }
        guard cookies.allSatisfy(\.isFieldValue) else { throw .controlByte }
        bytes.removeAll(keepingCapacity: true)
        bytes += method
        bytes.append(UInt8(ascii: " "))
        bytes += path
        bytes.append(" HTTP/1.1\r\n" as StaticString)
        try composeHost()
        bytes += lines
        if !cookies.isEmpty { HeadWriter.field("cookie", cookies, to: &bytes) }
        if hasBody, !hasLength { HeadWriter.field("transfer-encoding", "chunked" as StaticString, to: &bytes) }
        HeadWriter.end(&bytes)
    }

    private static func `is`(_ bytes: [UInt8], _ text: StaticString) -> Bool {
        bytes.withUnsafeBytes { $0.equals(text) }
    }

    private mutating func composeHost() throws(Fault) {
        guard !authority.isEmpty || !host.isEmpty else { throw .hostMissing }
        guard authority.allSatisfy(\.isAuthority) else { throw .hostMalformed }
        if !authority.isEmpty, !host.isEmpty {
            let isSame = authority.withUnsafeBytes { a in host.withUnsafeBytes { a.equalsIgnoringCase($0) } }
            guard isSame else { throw .hostMismatch }
        }
        HeadWriter.field("host", authority.isEmpty ? host : authority, to: &bytes)
    }
}

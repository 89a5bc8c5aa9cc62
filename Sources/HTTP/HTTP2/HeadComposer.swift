import HTTP
import Nouns

/// Writes the fields of an HTTP/2 request as the head of an HTTP/1.1 request, which `RequestScanner` then reads: so
/// every rule about heads holds for both, and there is one place that knows it (RFC 9113 §8.3.1).
///
/// One composer serves all requests of a connection, one after the other, without allocating.
final class HeadComposer {
    private let limits: HeadLimits
    /// The head as far as it is written: its first line once another field than those of that line comes.
    private let head = OutputBuffer(capacity: 512)
    /// What the first line is made of, and the host.
    private let kept = OutputBuffer(capacity: 256)
    private var method = 0..<0
    private var path = 0..<0
    private var authority = 0..<0
    private var scheme = 0..<0
    /// Each crumb of a cookie is a field by itself here, and one line there (RFC 9113 §8.2.3).
    private let cookies = OutputBuffer(capacity: 16)
    private var count = 0
    private var hasHost = false
    private var hasLength = false
    private var fault: Fault?
    /// Whether there is a `fault`, which takes a while to look at.
    private var isRefused = false
    /// Memory that a request of ordinary size needs.
    private static let sizeUsual = 4096

    init(_ limits: HeadLimits) { self.limits = limits }

    /// The head, once it is composed; good until the next `begin`.
    var bytes: UnsafeRawBufferPointer { head.bytes }

    func begin() {
        Self.empty(head)
        Self.empty(kept)
        Self.empty(cookies)
        (method, path, authority, scheme) = (0..<0, 0..<0, 0..<0, 0..<0)
        (count, hasHost, hasLength) = (0, false, false)
        if isRefused { (fault, isRefused) = (nil, false) }
    }

    private static func empty(_ buffer: OutputBuffer) {
        buffer.removeAll()
        buffer.shrink(to: sizeUsual)
    }

    /// Takes one field. The names' form and the order are checked by nghttp2: those of the first line come first.
    func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard !isRefused, !name.isEmpty else { return }
        do throws(Fault) {
            let size = head.count + kept.count + cookies.count + name.count + value.count + 4
            guard size <= limits.bytesMax else {
                throw name.equals(":path") ? .targetTooLong(limits.bytesMax) : .headTooLong(limits.bytesMax)
            }
            if name[0] == UInt8(ascii: ":") { keep(name, value) } else { try take(name, value) }
        } catch {
            (fault, isRefused) = (error, true)
        }
    }

    private func keep(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let place = kept.count..<kept.count + value.count
        if name.equals(":method") {
            method = place
        } else if name.equals(":path") {
            path = place
        } else if name.equals(":authority") {
            authority = place
        } else if name.equals(":scheme") {
            scheme = place
        } else {
            return
        }
        kept.append(value)
    }

    private func take(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Fault) {
        if head.isEmpty { try beginHead() }
        if name.count == 6, name.equals("cookie") {
            guard value.isFieldValue else { throw .controlByte }
            if !cookies.isEmpty { cookies.append("; " as StaticString) }
            return cookies.append(value)
        }
        count += 1
        guard count <= limits.fieldsMax else { throw .fieldsTooMany(limits.fieldsMax) }
        if name.count == 4, name.equals("host") { return try takeHost(value) }
        // A line break would begin another line.
        guard value.isFieldValue, name.isToken else { throw .controlByte }
        if name.count == 14, name.equals("content-length") { hasLength = true }
        head.append(name)
        head.append(": " as StaticString)
        head.append(value)
        head.append("\r\n" as StaticString)
    }

    /// Completes the head, whose fields have all come.
    ///
    /// - Parameter hasBody: the stream goes on behind the head.
    func compose(hasBody: Bool) throws(Fault) {
        if isRefused, let fault { throw fault }
        if head.isEmpty { try beginHead() }
        guard !authority.isEmpty || hasHost else { throw .hostMissing }
        if !cookies.isEmpty {
            head.append("cookie: " as StaticString)
            head.append(cookies.bytes)
            head.append("\r\n" as StaticString)
        }
        if hasBody, !hasLength { head.append(framing: .chunked, status: 200) }
        head.append("\r\n" as StaticString)
    }

    private func beginHead() throws(Fault) {
        let (method, path, host) = (kept[method], kept[path], kept[authority])
        guard !method.equals("CONNECT") else { throw .methodUnsupported }
        guard !method.isEmpty, method.isToken else { throw .methodMalformed }
        guard kept[scheme].equals("https") || kept[scheme].equals("http") else { throw .targetMalformed }
        guard path.isTarget, path.first == UInt8(ascii: "/") || path.equals("*") else { throw .targetMalformed }
        guard host.isAuthority else { throw .hostMalformed }
        head.append(method)
        head.append(" " as StaticString)
        head.append(path)
        head.append(" HTTP/1.1\r\n" as StaticString)
        if !host.isEmpty { appendHost(host) }
    }

    /// One that says the same as the authority says nothing new (RFC 9113 §8.3.1).
    private func takeHost(_ value: UnsafeRawBufferPointer) throws(Fault) {
        guard !value.isEmpty else { return }
        guard !hasHost else { throw .hostRepeated }
        hasHost = true
        guard authority.isEmpty else {
            if kept[authority].equalsIgnoringCase(value) { return }
            throw .hostMismatch
        }
        guard value.isAuthority else { throw .hostMalformed }
        appendHost(value)
    }

    private func appendHost(_ host: UnsafeRawBufferPointer) {
        head.append("host: " as StaticString)
        head.append(host)
        head.append("\r\n" as StaticString)
    }
}

extension OutputBuffer {
    fileprivate subscript(_ place: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[place])
    }
}

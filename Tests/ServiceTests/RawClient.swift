import CLinux
import Glibc
import Linux
import Testing

/// The bare end of a connection to a server on the same loop: sends and receives text as it is.
final class RawClient {
    let socket: Descriptor
    private let loop: EventLoop
    private(set) var received = ""
    private(set) var isAtEnd = false

    init(port: UInt16, on loop: EventLoop) throws {
        self.loop = loop
        socket = try Socket.connect(to: .loopback(port: port))
    }

    init(path: String, on loop: EventLoop) throws {
        self.loop = loop
        socket = try Socket.connect(to: path, .stream)
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) }
            if count < 0, errno != EAGAIN { throw SystemError("send") }
            try loop.turn(wait: .zero)
        }
    }

    func endSending() { _ = shutdown(socket.number, Int32(SHUT_WR)) }

    /// Takes what has come.
    func poll() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isAtEnd {
            let count = recv(socket.number, &buffer, buffer.count, 0)
            if count > 0 { received += String(decoding: buffer[..<count], as: UTF8.self) }
            if count == 0 || (count < 0 && errno != EAGAIN) { isAtEnd = true }
            if count <= 0 { return }
        }
    }

    /// Turns the loop until so much text has come that `isEnough`, and takes it.
    func receive(
        sourceLocation: SourceLocation = #_sourceLocation, until isEnough: (String) -> Bool
    ) throws -> String {
        try loop.turn(until: arrived(isEnough), "came only: \(received)", sourceLocation: sourceLocation)
        defer { received = "" }
        return received
    }

    /// One response with `Content-Length`, or without a body.
    func response(sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        try receive(sourceLocation: sourceLocation) { text in
            guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
            guard let field = text[..<end.lowerBound].firstRange(of: "content-length: ") else { return true }
            let length = Int(text[field.upperBound...].prefix { $0.isNumber })!
            return text[end.upperBound...].utf8.count >= length
        }
    }

    /// All up to the end of the connection.
    func rest(sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        try loop.turn(until: arrived { _ in isAtEnd }, "still open: \(received)", sourceLocation: sourceLocation)
        defer { received = "" }
        return received
    }

    private func arrived(_ isEnough: (String) -> Bool) -> Bool {
        poll()
        return isEnough(received)
    }
}

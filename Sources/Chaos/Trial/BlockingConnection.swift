import Foundation
import Glibc

/// A client's connection that waits: good for tests and measurements, where the caller wants one thing after the other.
package final class BlockingConnection {
    package enum Failure: Error, Equatable {
        case connect(Int32)
        case send(Int32)
        /// The peer closed, or nothing came in time (`ETIMEDOUT`).
        case receive(Int32)
        case malformed(String)
    }

    package enum Address: Hashable, Sendable {
        case port(UInt16)
        case unix(String)
    }

    package private(set) var descriptor: Int32
    private var buffer: [UInt8] = []
    /// What one read brings.
    private var chunk = [UInt8](repeating: 0, count: 16_384)

    /// Connects; each later wait lasts `patience` at most.
    package init(_ address: Address, patience: Duration = .seconds(20)) throws {
        switch address {
        case .port(let port): descriptor = try Self.connectTCP(port)
        case .unix(let path): descriptor = try Self.connectUnix(path)
        }
        setPatience(patience)
    }

    /// Takes a connection over that was accepted.
    package init(accepted descriptor: Int32, patience: Duration = .seconds(20)) {
        self.descriptor = descriptor
        setPatience(patience)
    }

    private func setPatience(_ patience: Duration) {
        var time = timeval(tv_sec: Int(patience.components.seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    package func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Whether something can be read, or the end is there, within a time.
    package func hasBytes(within duration: Duration = .zero) -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, Int32(duration.components.attoseconds / 1_000_000_000_000_000)) == 1
    }

    /// Ends with a reset instead of an orderly end, as a client does that vanishes.
    package func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    package func send(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure.send(errno) }
            rest = rest.dropFirst(count)
        }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Bytes up to and including the end mark.
    package func read(until mark: String, max: Int = 1 << 20) throws -> [UInt8] {
        let end = Array(mark.utf8)
        var searched = 0
        while true {
            if let range = Self.find(end, in: buffer, from: Swift.max(0, searched - end.count)) {
                let found = Array(buffer[..<range.upperBound])
                buffer.removeFirst(range.upperBound)
                return found
            }
            searched = buffer.count
            guard buffer.count <= max else { throw Failure.malformed("no end within \(max) bytes") }
            try fill()
        }
    }

    package func read(count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        let bytes = Array(buffer[..<count])
        buffer.removeFirst(count)
        return bytes
    }

    package func readLine() throws -> String {
        String(decoding: try read(until: "\n").dropLast(), as: UTF8.self).trimmingCharacters(in: ["\r"])
    }

    /// All that comes until the peer closes.
    package func readToEnd() throws -> [UInt8] {
        while true {
            do { try fill() } catch Failure.receive(0) { break }
        }
        defer { buffer = [] }
        return buffer
    }

    private func fill() throws {
        let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count > 0 { return buffer.append(contentsOf: chunk[..<count]) }
        if count == 0 { throw Failure.receive(0) }
        if errno == EINTR { return }
        throw Failure.receive(errno == EAGAIN ? ETIMEDOUT : errno)
    }

    private static func find(_ mark: [UInt8], in bytes: [UInt8], from start: Int) -> Range<Int>? {
        // By the C library's loops: most who use this are built for debugging.
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return nil }
            var index = start
            while index + mark.count <= all.count {
                let rest = all.count - mark.count + 1 - index
                guard let found = memchr(base + index, Int32(mark[0]), rest) else { return nil }
                index = UnsafeRawPointer(found) - base
                if memcmp(found, mark, mark.count) == 0 { return index..<index + mark.count }
                index += 1
            }
            return nil
        }
    }

    private static func connectTCP(_ port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return try connected(descriptor, result)
    }

    private static func connectUnix(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return try connected(descriptor, result)
    }

    private static func connected(_ descriptor: Int32, _ result: Int32) throws -> Int32 {
        guard result == 0 else {
            let code = errno
            _ = Glibc.close(descriptor)
            throw Failure.connect(code)
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }
}

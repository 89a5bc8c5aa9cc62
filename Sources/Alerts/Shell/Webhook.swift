import Alerting
import COpenSSL
import Glibc
import Linux
import Nouns

/// Posts a notice to an address, and waits for the answer: for a thread that has nothing else to do.
///
/// TLS is checked against the system's certificate authorities and the host's name.
struct Webhook: AlertTarget {
    let address: WebAddress
    let authorizationFile: String?
    let timeout: Duration

    var name: String { "webhook" }

    func deliver(_ body: [UInt8], _ notice: AlertNotice) -> Delivery {
        do throws(Failure) {
            let status = try post(body)
            if (200..<300).contains(status) { return Delivery(.delivered) }
            // What the receiver finds wrong with the request is wrong the next time too.
            let isFinal = (400..<500).contains(status) && status != 408 && status != 429
            return Delivery(isFinal ? .refused : .failed, "status \(status)")
        } catch {
            return Delivery(.failed, error.reason)
        }
    }

    private struct Failure: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private func post(_ body: [UInt8]) throws(Failure) -> Int {
        let end = EventLoop.clock() + timeout
        let socket = try connect(by: end)
        defer { socket.close() }
        var head =
            "POST \(address.path) HTTP/1.1\r\nHost: \(address.authority)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\nUser-Agent: bunbase-alerts\r\n"
        if let authorizationFile {
            guard let text = SmallFile.text(authorizationFile),
                let line = text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }).first
            else { throw Failure("the authorization file cannot be read") }
            head += "Authorization: \(line)\r\n"
        }
        let request = Array((head + "\r\n").utf8) + body
        guard address.isSecure else {
            return try exchange(
                request, by: end, { send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) },
                { recv(socket.number, $0.baseAddress, $0.count, 0) })
        }
        return try secured(socket) { (tls) throws(Failure) in
            try exchange(
                request, by: end, { Int(SSL_write(tls, $0.baseAddress, Int32($0.count))) },
                { Int(SSL_read(tls, $0.baseAddress, Int32($0.count))) })
        }
    }

    // MARK: The connection

    /// To the first address of the host that answers.
    private func connect(by end: Instant) throws(Failure) -> Descriptor {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, address.port, &hints, &found)
        guard code == 0, let first = found else {
            throw Failure("the host is not found: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(first) }
        var reason = "no address"
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let candidate = next?.pointee, EventLoop.clock() < end {
            next = candidate.ai_next
            let number = socket(candidate.ai_family, candidate.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard number >= 0 else { continue }
            let descriptor = Descriptor(number)
            // SO_SNDTIMEO bounds connect(2) too (socket(7)).
            Self.limit(number, to: timeout)
            if Glibc.connect(number, candidate.ai_addr, candidate.ai_addrlen) == 0 { return descriptor }
            reason = String(cString: strerror(errno))
            descriptor.close()
        }
        throw Failure("no connection: \(reason)")
    }

    private static func limit(_ socket: Int32, to duration: Duration) {
        var time = timeval(
            tv_sec: Int(duration.components.seconds),
            tv_usec: Int(duration.components.attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private func secured<Result>(
        _ socket: Descriptor, _ use: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure("TLS cannot be set up") }
        defer { SSL_CTX_free(context) }
        guard SSL_CTX_set_default_verify_paths(context) == 1 else { throw Failure("no certificate authorities") }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard let tls = SSL_new(context) else { throw Failure("TLS cannot be set up") }
        defer { SSL_free(tls) }
        // SSL_set_tlsext_host_name, which is a macro.
        let name = 55
        _ = address.host.withCString { SSL_ctrl(tls, Int32(name), 0, UnsafeMutableRawPointer(mutating: $0)) }
        guard SSL_set1_host(tls, address.host) == 1, SSL_set_fd(tls, socket.number) == 1, SSL_connect(tls) == 1 else {
            let code = SSL_get_verify_result(tls)
            let isCertificate = code != Int(X509_V_OK)
            throw Failure(
                isCertificate
                    ? "the certificate is not accepted: \(String(cString: X509_verify_cert_error_string(code)))"
                    : "TLS was not agreed on")
        }
        return try use(tls)
    }

    // MARK: The exchange

    /// Sends the request and reads as far as the answer's status.
    private func exchange(
        _ request: [UInt8], by end: Instant, _ write: (UnsafeRawBufferPointer) -> Int,
        _ read: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(Failure) -> Int {
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes(write)
            guard count > 0, EventLoop.clock() < end else { throw Failure("the request could not be sent in time") }
            sent += count
        }
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while !line.contains(UInt8(ascii: "\n")), line.count < 4096 {
            let count = chunk.withUnsafeMutableBytes(read)
            guard count > 0, EventLoop.clock() < end else { throw Failure("no answer came in time") }
            line += chunk[..<count]
        }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1].prefix(3)) else {
            throw Failure("the answer is not HTTP")
        }
        return status
    }
}

import Foundation
import Glibc
import Trial

/// A receiver of webhooks that takes one request after the other.
final class Hook {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw TrialCluster.Failure("no port for a hook") }
        port = UInt16(bigEndian: address.sin_port)
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// The next request, head and body.
    func next(answering status: Int) throws -> String {
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { throw TrialCluster.Failure("nobody called") }
        defer { close(client) }
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 8192)
        while !text.hasSuffix("}") {
            let count = recv(client, &chunk, chunk.count, 0)
            guard count > 0 else { throw TrialCluster.Failure("the request ended early: \(text)") }
            text += String(decoding: chunk[..<count], as: UTF8.self)
        }
        let answer = "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n"
        _ = send(client, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
        return text
    }
}

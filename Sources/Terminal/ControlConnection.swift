import CLinux
import Glibc
import HTTP
import Linux
import Nouns

/// One HTTP/1.1 exchange at a time over a unix socket of the cluster, waited for: what a command line needs.
package final class ControlConnection {
    /// Bytes of an answer's body; a status with all projects a node can have stays below.
    package static let bodyMax = 256 << 20

    package enum Failure: Error, Hashable, Sendable {
        /// Nobody listens at the path.
        case unreachable(String)
        /// The answer did not come in time.
        case timedOut
        /// The connection ended, or what came was not HTTP.
        case broken(String)
    }

    package struct Answer: Sendable {
        package let status: Int
        package let body: [UInt8]
        package var isSuccess: Bool { (200...299).contains(status) }
    }

    private let socket: Descriptor
    private var bytes: [UInt8] = []
    private var head = ResponseScanner(HeadLimits())

    /// Connects. `patience` bounds each wait for bytes; nil: for ever.
    package init(to path: String, patience: Duration?) throws(Failure) {
        do throws(SystemError) {
            socket = try Socket.connect(to: path, .stream)
            let flags = fcntl(socket.number, F_GETFL)
            try SystemError.check("fcntl") { [socket] in fcntl(socket.number, F_SETFL, flags & ~O_NONBLOCK) }
            if let patience {
                var limit = timeval(
                    tv_sec: Int(patience.components.seconds),
                    tv_usec: Int(patience.components.attoseconds / 1_000_000_000_000))
                try SystemError.check("setsockopt") { [socket] in
                    setsockopt(
                        socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                }
            }
        } catch {
            throw .unreachable(error.description)
        }
    }

    /// Sends a request and waits for the whole answer.
    package func exchange(_ method: String, _ path: String, body: [UInt8]? = nil) throws(Failure) -> Answer {
        try send(method, path, accept: "application/json", body: body)
        let status = try readHead(answering: method)
        var collected: [UInt8] = []
        try readBody { piece in
            collected += piece
            return collected.count <= Self.bodyMax
        }
        guard collected.count <= Self.bodyMax else { throw .broken("an answer of more than \(Self.bodyMax) bytes") }
        return Answer(status: status, body: collected)
    }

    /// Reads server-sent events until the stream ends or `take` returns false. Gives the answer when it is no stream.
    package func events(_ path: String, _ take: (ServerSentEvents.Event) -> Bool) throws(Failure) -> Answer? {
        try send("GET", path, accept: "text/event-stream", body: nil)
        let status = try readHead(answering: "GET")
        var parser = ServerSentEvents()
        var refusal: [UInt8] = []
        try readBody { piece in
            guard status == 200 else {
                refusal += piece
                return refusal.count < 65_536
            }
            return parser.read(piece).allSatisfy(take)
        }
        return status == 200 ? nil : Answer(status: status, body: refusal)
    }

    // MARK: Words on the wire

    private func send(_ method: String, _ path: String, accept: String, body: [UInt8]?) throws(Failure) {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: localhost\r\naccept: \(accept)\r\n"
        if let body { text += "content-type: application/json\r\ncontent-length: \(body.count)\r\n" }
        if body == nil, method != "GET" { text += "content-length: 0\r\n" }
        let request = Array((text + "\r\n").utf8) + (body ?? [])
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw .broken("the connection ended while a request was sent")
            }
            sent += count
        }
    }

    private func readHead(answering method: String) throws(Failure) -> Int {
        head.reset()
        while true {
            let method: Method = method == "HEAD" ? .head : .get
            let result = bytes.withUnsafeBytes { bytes -> Result<Bool, Fault> in
                do throws(Fault) { return .success(try head.scan(bytes, answering: method)) } catch {
                    return .failure(error)
                }
            }
            switch result {
            case .success(false): guard try readMore() else { throw .broken("the connection ended before an answer") }
            case .success(true):
                bytes.removeFirst(head.head.length)
                guard head.head.isInterim else { return head.head.status }
                head.reset()
            case .failure(let fault): throw .broken(fault.message)
            }
        }
    }

    /// Gives the body piece by piece until it is complete or `take` returns false.
    private func readBody(_ take: ([UInt8]) -> Bool) throws(Failure) {
        switch head.head.framing {
        case .none: return
        case .length(var rest):
            while rest > 0 {
                if bytes.isEmpty, try !readMore() { throw .broken("the connection ended within an answer") }
                let piece = Array(bytes.prefix(rest))
                bytes.removeFirst(piece.count)
                rest -= piece.count
                guard take(piece) else { return }
            }
        case .chunked: try readChunks(take)
        case .untilClose:
            repeat {
                let piece = bytes
                bytes = []
                guard piece.isEmpty || take(piece) else { return }
            } while try readMore()
        }
    }

    private func readChunks(_ take: ([UInt8]) -> Bool) throws(Failure) {
        var decoder = ChunkedDecoder()
        while true {
            var piece: [UInt8] = []
            let result = bytes.withUnsafeBytes { bytes -> Result<Int, Fault> in
                do throws(Fault) { return .success(try decoder.decode(bytes) { piece += $0 }) } catch {
                    return .failure(error)
                }
            }
            switch result {
            case .success(let count): bytes.removeFirst(count)
            case .failure(let fault): throw .broken(fault.message)
            }
            guard piece.isEmpty || take(piece), !decoder.isComplete else { return }
            guard try readMore() else { throw .broken("the connection ended within an answer") }
        }
    }

    /// False at the end of the connection.
    private func readMore() throws(Failure) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket.number, &chunk, chunk.count, 0)
            if count > 0 {
                bytes += chunk[..<count]
                return true
            }
            if count == 0 { return false }
            switch errno {
            case EINTR: continue
            case EAGAIN: throw .timedOut
            default: throw .broken(SystemError("recv").description)
            }
        }
    }
}

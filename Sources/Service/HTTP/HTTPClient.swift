import HTTP
import Linux
import Nouns

/// Asks HTTP servers of this machine, one connection for each request: for rare words between our own programs.
package final class HTTPClient {
    package enum Place: Hashable, Sendable {
        /// A unix socket's path.
        case unix(String)
        /// A port of 127.0.0.1.
        case loopback(port: UInt16)
    }

    /// Why there is no answer.
    package enum Failure: Error, Hashable, Sendable {
        /// Nothing was sent: nobody listens there, or its queue is full.
        case unreachable(SystemError)
        /// The request may have been carried out: the connection ended before the answer was complete.
        case cutOff
        case timedOut
        /// What came is no answer, or longer than allowed.
        case malformed(Fault)
    }

    package struct Answer: Sendable {
        package let status: Int
        /// The head as it came.
        package let head: [UInt8]
        package let fields: Fields
        package let body: [UInt8]

        package func field(_ name: FieldName) -> String? {
            fields.first(name).map { range in head.withUnsafeBytes { $0[range].text } }
        }

        /// The first field of that name, which is lower-case and none of `FieldName`'s.
        package func field(named name: StaticString) -> String? {
            head.withUnsafeBytes { head in fields.first(named: name, in: head).map { head[$0].text } }
        }
    }

    package typealias Completion = (Result<Answer, Failure>) -> Void

    private let place: Place
    private let loop: EventLoop
    private let bodyMax: Int

    /// `bodyMax`: bytes of an answer's body.
    package init(to place: Place, on loop: EventLoop, bodyMax: Int = 1 << 20) {
        (self.place, self.loop, self.bodyMax) = (place, loop, bodyMax)
    }

    /// Sends a request; `completion` is called once, from the loop, at the latest after `timeout`.
    ///
    /// `body`: nil for none. With one, `Content-Type` is `application/json`.
    package func send(
        _ method: StaticString, _ target: String, fields: [(name: StaticString, value: String)] = [],
        body: [UInt8]? = nil, timeout: Duration, _ completion: @escaping Completion
    ) {
        var request: [UInt8] = []
        request.append(method)
        request += " \(target) HTTP/1.1\r\n".utf8
        HeadWriter.field("host", "localhost" as StaticString, to: &request)
        HeadWriter.field("connection", "close" as StaticString, to: &request)
        for field in fields { HeadWriter.field(field.name, field.value, to: &request) }
        if let body {
            HeadWriter.field("content-type", "application/json" as StaticString, to: &request)
            HeadWriter.field("content-length", body.count, to: &request)
        }
        HeadWriter.end(&request)
        request += body ?? []
        let asked = method.description.withCString {
            Method(UnsafeRawBufferPointer(start: $0, count: method.utf8CodeUnitCount))
        }
        do throws(SystemError) {
            let exchange = HTTPExchange(try connect(), on: loop, request, asked, bodyMax: bodyMax, completion)
            try exchange.begin(timeout: timeout)
        } catch {
            loop.afterBatch { completion(.failure(.unreachable(error))) }
        }
    }

    private func connect() throws(SystemError) -> Descriptor {
        switch place {
        case .unix(let path): try Socket.connect(to: path, .stream)
        case .loopback(let port): try Socket.connect(to: .loopback(port: port))
        }
    }
}

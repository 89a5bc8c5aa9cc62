import CLinux
import Glibc
import HTTP
import Linux
import Nouns

/// One request of an `HTTPClient` on its way, and its answer on the way back. The loop keeps it alive until it ends.
final class HTTPExchange: EventHandler {
    private enum State {
        /// The socket is not connected yet, or not all of the request is written. Leaves to `head`.
        case sending(from: Int)
        /// Leaves to `body`, or to itself behind an interim answer.
        case head
        case body
        case ended
    }

    private let descriptor: Descriptor
    private let loop: EventLoop
    private let request: [UInt8]
    private let method: Method
    private let bodyMax: Int
    private var completion: HTTPClient.Completion?
    private var registration: EventLoop.Registration?
    private var timer: TimerHeap.ID?

    private var state = State.sending(from: 0)
    private var scanner = ResponseScanner(HeadLimits())
    private var input: [UInt8] = []
    private var head: [UInt8] = []
    private var body: [UInt8] = []
    private var decoder: ChunkedDecoder?

    init(
        _ descriptor: Descriptor, on loop: EventLoop, _ request: [UInt8], _ method: Method, bodyMax: Int,
        _ completion: @escaping HTTPClient.Completion
    ) {
        (self.descriptor, self.loop, self.request, self.method) = (descriptor, loop, request, method)
        (self.bodyMax, self.completion) = (bodyMax, completion)
    }

    func begin(timeout: Duration) throws(SystemError) {
        registration = try loop.watch(descriptor.number, for: [.readable, .writable], self)
        timer = loop.schedule(after: timeout) { [self] in end(.failure(.timedOut)) }
    }

    func handle(_ readiness: Readiness) {
        if case .sending(let start) = state { write(from: start) }
        if case .sending = state { return }
        read()
    }

    private func write(from start: Int) {
        let error = Socket.pendingError(of: descriptor)
        guard error == 0 else { return end(.failure(.unreachable(SystemError("connect", code: error)))) }
        let count = request.withUnsafeBytes {
            send(descriptor.number, $0.baseAddress! + start, $0.count - start, Int32(MSG_NOSIGNAL))
        }
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            // An answer may be there although the request was not read to its end.
            startReading()
        } else if start + count == request.count {
            startReading()
        } else {
            state = .sending(from: start + count)
        }
    }

    private func startReading() {
        state = .head
        guard let registration else { return }
        do throws(SystemError) {
            try loop.rewatch(registration, for: .readable)
        } catch {
            end(.failure(.unreachable(error)))
        }
    }

    private func read() {
        while completion != nil {
            var isAtEnd = false
            var count = 0
            withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { buffer in
                count = recv(descriptor.number, buffer.baseAddress, buffer.count, 0)
                if count > 0 { input += buffer[..<count] }
                isAtEnd = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
            }
            do throws(Fault) {
                if count > 0 { try take() }
            } catch {
                return end(.failure(.malformed(error)))
            }
            if isAtEnd { return ended() }
            if count <= 0 { return }
        }
    }

    private func take() throws(Fault) {
        if case .head = state {
            var isComplete = false
            repeat {
                let result = input.withUnsafeBytes { bytes -> Result<Bool, Fault> in
                    do throws(Fault) {
                        return .success(try scanner.scan(bytes, answering: method))
                    } catch {
                        return .failure(error)
                    }
                }
                isComplete = try result.get()
                guard isComplete else { return }
                head = Array(input[..<scanner.head.length])
                input.removeFirst(scanner.head.length)
                if scanner.head.isInterim {
                    scanner.reset()
                    isComplete = false
                }
            } while !isComplete
            state = .body
            if scanner.head.framing == .chunked { decoder = ChunkedDecoder() }
        }
        try takeBody()
    }

    private func takeBody() throws(Fault) {
        if var decoder {
            let result = input.withUnsafeBytes { bytes -> Result<Int, Fault> in
                do throws(Fault) {
                    return .success(try decoder.decode(bytes) { body += $0 })
                } catch {
                    return .failure(error)
                }
            }
            _ = try result.get()
            self.decoder = decoder
        } else {
            body += input
        }
        input = []
        guard body.count <= bodyMax else {
            throw Fault(502, "answer.too_long", "The answer is longer than \(bodyMax) bytes.", party: .cluster)
        }
        switch scanner.head.framing {
        case .none: end(.success(answer))
        case .length(let length) where body.count >= length:
            body.removeLast(body.count - length)
            end(.success(answer))
        case .chunked where decoder?.isComplete == true: end(.success(answer))
        case .length, .chunked, .untilClose: break
        }
    }

    private var answer: HTTPClient.Answer {
        HTTPClient.Answer(status: scanner.head.status, head: head, fields: scanner.head.fields, body: body)
    }

    /// The server closed.
    private func ended() {
        if case .body = state, scanner.head.framing == .untilClose { return end(.success(answer)) }
        end(.failure(.cutOff))
    }

    private func end(_ result: Result<HTTPClient.Answer, HTTPClient.Failure>) {
        guard let completion else { return }
        self.completion = nil
        state = .ended
        if let registration { loop.unwatch(registration) }
        if let timer { loop.cancel(timer) }
        descriptor.close()
        completion(result)
    }
}

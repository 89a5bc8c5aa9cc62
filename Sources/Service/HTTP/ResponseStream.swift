import HTTP
import Linux

/// A response that goes on until either side ends it.
///
/// A client that does not read fast enough to keep what waits for it below `HTTPServer.Limits.waitingMax` is cut off.
package final class ResponseStream {
    /// Called once when the stream has ended and not by `finish`: the client left, was too slow, or the server drains.
    package var onClose: (() -> Void)?

    private weak var connection: HTTPConnection?

    init(_ connection: HTTPConnection) { self.connection = connection }

    deinit { connection?.finishStream() }

    /// False once the stream has ended; sending then does nothing.
    package var isOpen: Bool { connection != nil }

    package func send(_ bytes: [UInt8]) { connection?.sendPart(bytes) }

    /// Sends one server-sent event; each line of `data` becomes a line of its own. `event` and `id` hold no newline.
    package func send(event: String? = nil, id: String? = nil, data: some Sequence<UInt8>) {
        var bytes: [UInt8] = []
        if let event { bytes += "event: \(event)\n".utf8 }
        if let id { bytes += "id: \(id)\n".utf8 }
        bytes += "data: ".utf8
        for byte in data {
            bytes.append(byte)
            if byte == UInt8(ascii: "\n") { bytes += "data: ".utf8 }
        }
        bytes += "\n\n".utf8
        send(bytes)
    }

    /// Ends the response as complete.
    package func finish() {
        let connection = connection
        self.connection = nil
        onClose = nil
        connection?.finishStream()
    }

    /// Tells the owner of a stream that cannot begin, once it had the chance to set `onClose`.
    func closeSoon(on loop: EventLoop) {
        connection = nil
        loop.afterBatch { self.closed() }
    }

    fileprivate func closed() {
        connection = nil
        let onClose = onClose
        self.onClose = nil
        onClose?()
    }
}

extension ResponseStream {
    /// What a connection knows of its stream: whoever writes it owns it.
    struct Reference {
        private weak var stream: ResponseStream?

        init(_ stream: ResponseStream) { self.stream = stream }

        func close() { stream?.closed() }
    }
}

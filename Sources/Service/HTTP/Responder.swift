import HTTP
import Nouns

/// Answers one request, now or later, exactly once: with a whole response or a stream.
///
/// Dropping it without an answer answers 500, so that no client waits for nothing.
package final class Responder {
    private let connection: HTTPConnection
    /// Leaves in error bodies, so that a report can be matched with logs.
    private let requestID: String?
    private var isAnswered = false

    init(_ connection: HTTPConnection, requestID: String?) {
        (self.connection, self.requestID) = (connection, requestID)
    }

    deinit {
        guard !isAnswered else { return }
        let fault = Fault(
            500, "service.unanswered", "The request was dropped; this is a defect, report it.", party: .cluster)
        connection.answer(.fault(fault, requestID: requestID))
    }

    /// Whether the client has gone, so that an answer would reach nobody.
    package var isClientGone: Bool { connection.isClosed }

    package func send(_ response: Response) {
        answerOnce()
        connection.answer(response)
    }

    package func send(_ fault: Fault) { send(.fault(fault, requestID: requestID)) }

    /// Begins a response whose length is not known yet.
    package func stream(
        _ status: Int = 200, contentType: StaticString, fields: [(name: StaticString, value: String)] = []
    ) -> ResponseStream {
        answerOnce()
        return connection.stream(Response(status, contentType: contentType, fields: fields))
    }

    /// Begins a stream of server-sent events (WHATWG HTML §9.2).
    package func events() -> ResponseStream {
        stream(contentType: "text/event-stream", fields: [("cache-control", "no-store")])
    }

    private func answerOnce() {
        precondition(!isAnswered, "a request was answered twice")
        isAnswered = true
    }
}

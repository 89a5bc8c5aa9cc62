import HTTP
import Nouns
import Routing

/// Where a request came from and its answer goes: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
///
/// Its exchange calls it on the loop's thread, also from within the calls that it makes itself. `serve` is the way of
/// a request whose head is complete; after `begin`, the client hands the body to `Exchange.received`, and
/// `Exchange.clientDrained` says that there is room again. Each exchange ends with one call: `answered`, `say` or
/// `cut`.
protocol ExchangeClient: AnyObject {
    var front: Front { get }
    /// Where the connection comes from.
    var origin: Forwarding { get }
    /// Bytes of answers wait here because the peer is slow: no more are wanted now.
    var isBlocked: Bool { get }

    // MARK: The request

    /// A request is under way; `cancel` the exchange when the peer goes away.
    func begin(_ exchange: Exchange)
    /// The next bytes of the body are due within the limit.
    func awaitBody()
    /// The request's body is complete.
    func bodyCame()
    /// Bytes of the body are wanted: hand over what is there, in a later turn.
    func readBodySoon()
    /// The peer may send the body.
    func sendContinue()
    /// The answer is due; `Exchange.timedOut` when it has not begun then.
    func awaitAnswer(until moment: Instant)

    /// Bytes of another protocol go both ways now; without any for the limit, the connection is cut.
    func awaitTunnel()
    /// The peer gets an end behind what was sent, and may still send.
    func sendEnd()

    // MARK: The answer

    /// In which form `send` gets the body: `untilClose` where its end shows by itself.
    func framing(of head: ResponseHead) -> BodyFraming
    /// 103 and the like. `bytes` are those that the head was found in.
    func sendInterim(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context)
    /// The head of the answer. What it and `send` say leaves together at `flush`.
    func sendHead(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ context: ResponseForwarding.Context)
    /// The body's next bytes.
    func send(_ bytes: UnsafeRawBufferPointer)
    func flush()
    /// Fields behind a body that was sent as `untilClose`, as the instance said them. `answered` follows.
    func sendTrailers(_ lines: [UInt8])
    /// The answer goes on for as long as someone listens: a peer that has gone is to be noticed by itself.
    func noticeEnd()
    /// The answer is complete.
    ///
    /// - Parameter isRequestRead: else the rest of the request's body may still come.
    func answered(closes: Bool, isRequestRead: Bool)
    /// A whole answer of our own, in the form of HTTP/1.1.
    func say(_ bytes: [UInt8], closes: Bool, isRequestRead: Bool)
    /// Half an answer has left and the rest will not come.
    func cut()
}

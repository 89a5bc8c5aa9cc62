import HTTP
import Nouns

/// Takes what happens on an HTTP/2 connection. Called from within `HTTP2Session.receive` only.
package protocol HTTP2SessionOwner: AnyObject {
    /// A request's head is there: a range of `bytes`, which are good during the call. Its body, if any, goes to the
    /// stream's owner.
    func requestCame(_ stream: HTTP2Stream, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer)
    /// A head that breaks a rule came; the fault is to be the answer.
    func requestRefused(_ stream: HTTP2Stream, _ fault: Fault)
}

/// Takes what happens on one stream.
package protocol HTTP2StreamOwner: AnyObject {
    /// Bytes of the request's body; `HTTP2Stream.consumed` makes room for more.
    func streamReceived(_ bytes: UnsafeRawBufferPointer)
    /// The request's body is complete.
    func streamReceivedEnd()
    /// What waited to be sent has left as far as more is wanted.
    func streamDrained()
    /// The stream is over: all has been said, or one of both has ended it. Nothing follows.
    func streamClosed()
}

/// How one request of a project ended, as far as counters and the access log want to know.
package struct Outcome: Hashable, Sendable {
    /// Who said the answer.
    package enum Source: Hashable, Sendable {
        /// An instance; the status is its own.
        case instance
        /// The front, with a fault of this code.
        case front(code: String)
        /// The client went away before there was an answer, or in the middle of it.
        case nobody
    }

    package var source: Source
    /// 0 when the client got none.
    package var status: Int
    /// Nanoseconds from the end of the request's head to the end of the answer.
    package var duration: Int64
    /// Nanoseconds that it waited for the instance to wake; nil when it was awake.
    package var wake: Int64?
    /// Bytes of the bodies, without heads and framing.
    package var bytesIn: Int
    package var bytesOut: Int
    /// Times that the request was sent to an instance beyond the first.
    package var retries: Int

    package init(
        source: Source, status: Int, duration: Int64, wake: Int64? = nil, bytesIn: Int = 0, bytesOut: Int = 0,
        retries: Int = 0
    ) {
        (self.source, self.status, self.duration, self.wake) = (source, status, duration, wake)
        (self.bytesIn, self.bytesOut, self.retries) = (bytesIn, bytesOut, retries)
    }
}

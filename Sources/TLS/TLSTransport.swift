/// What carries a connection's encrypted bytes: a socket, or a test's memory.
package protocol TLSTransport: AnyObject {
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TLSTransfer
    func transmit(_ bytes: UnsafeRawBufferPointer) -> TLSTransfer
}

package enum TLSTransfer: Hashable, Sendable {
    /// At least one.
    case bytes(Int)
    /// None now: the transport says when to try again.
    case wait
    /// The peer sends no more, without having said so in TLS's own words.
    case end
    case failed
}

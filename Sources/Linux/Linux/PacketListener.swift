import Contracts
import Glibc

/// Accepts message connections on a `SOCK_SEQPACKET` listener from peers that may.
package final class PacketListener {
    private var listener: Listener?

    /// `admits` looks at who connects; others are closed unheard. `limits` hold for each connection. `onConnection`
    /// sets the connection's callbacks.
    package init(
        _ descriptor: Descriptor, on loop: EventLoop,
        limits: PacketConnection.Limits = PacketConnection.Limits(),
        admits: @escaping (PeerCredentials) -> Bool,
        _ onConnection: @escaping (PacketConnection, PeerCredentials) -> Void
    ) throws(SystemError) {
        listener = try Listener(descriptor, on: loop) { [unowned loop] socket in
            guard let peer = try? PeerCredentials(of: socket), admits(peer),
                let connection = try? PacketConnection(socket, on: loop, limits: limits)
            else { return }
            onConnection(connection, peer)
        }
    }

    /// Stops accepting and closes this process's copy of the listener; its connections go on.
    package func close() {
        listener?.close()
        listener = nil
    }

    /// Stops accepting and gives the listener back, open; nil after `close`.
    package func release() -> Descriptor? {
        defer { listener = nil }
        return listener?.release()
    }
}

import Contracts
import Linux
import Nouns

/// The other end of the lease channel: says the settings, and answers as the test decides.
final class FakeSupervisor {
    private(set) var heard: [LeaseChannel.FromFront] = []
    private(set) var connection: PacketConnection?
    private(set) var connectionCount = 0
    var limits = FrontLimits()
    var routes: [Route] = []
    var tls = TLSSettings()
    /// Opens a certificate's files for the front; nothing: the front opens them itself.
    var opened: (TLSSettings.Certificate) -> [Descriptor] = { _ in [] }
    var http2 = HTTP2Settings()
    var proxies = ProxySettings()
    /// What to say to a request; nil: nothing yet.
    var answer: (InstanceID, UInt64) -> LeaseChannel.FromSupervisor? = { _, _ in nil }
    private let path: String
    private let loop: EventLoop
    private var listener: PacketListener?

    init(at path: String, on loop: EventLoop) { (self.path, self.loop) = (path, loop) }

    func start() throws {
        listener = try PacketListener(
            try Socket.listen(at: path, .packets), on: loop, admits: { _ in true },
            { [unowned self] connection, _ in
                self.connection = connection
                connectionCount += 1
                connection.onMessage = { [unowned self, unowned connection] message, _ in
                    hear(try! LeaseChannel.FromFront(message), on: connection)
                }
                connection.onClosed = { [unowned self] _ in self.connection = nil }
            })
    }

    /// Dies: its listener and its connection are gone.
    func stop() {
        listener?.close()
        listener = nil
        connection?.close()
        connection = nil
    }

    /// To the front, or the loop of one, that came last.
    func say(_ message: LeaseChannel.FromSupervisor) { connection?.send(message.message) }

    func sayConfiguration() { if let connection { configure(connection) } }

    private func configure(_ connection: PacketConnection) {
        connection.send(LeaseChannel.FromSupervisor.limits(limits).message)
        for (index, route) in routes.enumerated() {
            connection.send(LeaseChannel.FromSupervisor.route(index: index, route).message)
        }
        connection.send(LeaseChannel.FromSupervisor.tls(tls).message)
        for (index, certificate) in tls.certificates.enumerated() {
            connection.send(
                LeaseChannel.FromSupervisor.certificate(index: index, certificate).message, opened(certificate))
        }
        connection.send(LeaseChannel.FromSupervisor.http2(http2).message)
        connection.send(LeaseChannel.FromSupervisor.proxies(proxies).message)
        connection.send(LeaseChannel.FromSupervisor.configured.message)
    }

    func forget() { heard = [] }

    private func hear(_ message: LeaseChannel.FromFront, on connection: PacketConnection) {
        heard.append(message)
        switch message {
        case .registered:
            connection.send(LeaseChannel.FromSupervisor.welcome(version: LeaseChannel.version, node: "test").message)
            configure(connection)
        case .request(let ticket, let instance, _):
            if let answer = answer(instance, ticket) { connection.send(answer.message) }
        case .hello, .holds, .withdraw, .release: break
        }
    }
}

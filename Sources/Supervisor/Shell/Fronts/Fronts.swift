import Contracts
import JSON
import Linux
import Nouns
import Supervision

/// Speaks with the fronts on `RunPaths.lease`: turns their packets into events, and actions into packets.
package final class Fronts {
    /// Connections at once, one for each loop of a front; more are closed unheard.
    package static let connectionsMax = 64
    /// The longest a ticket may wait.
    package static let waitMax = Duration.seconds(300)

    /// What fronts are told when they join and after each reload.
    package struct Configuration {
        package var node: String
        package var limits: FrontLimits
        package var routes: [Route]
        package var tls: TLSSettings
        package var http2: HTTP2Settings
        package var proxies: ProxySettings
        /// How long a front that lost its connection, but lives, is waited for.
        package var registrationTimeout: Duration

        package init(
            node: String, limits: FrontLimits, routes: [Route], tls: TLSSettings = TLSSettings(),
            http2: HTTP2Settings = HTTP2Settings(), proxies: ProxySettings = ProxySettings(),
            registrationTimeout: Duration
        ) {
            (self.node, self.limits, self.routes) = (node, limits, routes)
            (self.tls, self.http2, self.proxies) = (tls, http2, proxies)
            self.registrationTimeout = registrationTimeout
        }
    }

    package var configuration: Configuration { didSet { for each in sessions.values { configure(each) } } }
    private let loop: EventLoop
    private let log: ServerLog
    private let journal: Journal
    private let take: (Event) -> Void
    private var listener: PacketListener?
    private var sessions: [FrontID: FrontSession] = [:]
    private var strangers = 0
    private var lastFront: UInt64

    /// Begins to listen at the path. Only processes that `admits` are heard. Fronts are numbered from `firstFront`.
    package init(
        at path: String, on loop: EventLoop, configuration: Configuration, log: ServerLog, journal: Journal,
        admits: @escaping (PeerCredentials) -> Bool = \.isSameUserOrRoot, take: @escaping (Event) -> Void
    ) throws(SystemError) {
        (self.loop, self.configuration, self.log, self.journal, self.take) = (loop, configuration, log, journal, take)
        lastFront = 0
        let descriptor = try Socket.listen(at: path, .packets)
        var limits = PacketConnection.Limits()
        limits.queuePacketsMax = 8_192
        listener = try PacketListener(descriptor, on: loop, limits: limits, admits: admits) {
            [unowned self] in admit($0, $1)
        }
    }

    /// Fronts that are connected and have said what they hold; each loop of one has a session of its own.
    package var count: Int {
        Set(sessions.values.filter { $0.connection != nil && $0.isRegistered }.map(\.fact.pid)).count
    }

    package func close() {
        listener?.close()
        listener = nil
        for session in sessions.values {
            session.connection?.close()
            session.death?.cancel()
            if let giveUp = session.giveUp { loop.cancel(giveUp) }
        }
        sessions.removeAll()
    }

    // MARK: Actions

    package func grant(_ ticket: Ticket, _ endpoint: Endpoint, woke: Bool) {
        send(.grant(ticket: ticket.number, endpoint, woke: woke), to: ticket.front)
    }

    package func refuse(_ ticket: Ticket, _ fault: Fault) {
        send(.refuse(ticket: ticket.number, fault), to: ticket.front)
    }

    package func revoke(
        _ front: FrontID, _ instance: InstanceID, _ generation: Generation, grace: Duration, _ fault: Fault?
    ) {
        send(.revoke(instance, generation, grace: grace, fault), to: front)
    }

    private func send(_ word: LeaseChannel.FromSupervisor, to front: FrontID) {
        sessions[front]?.connection?.send(word.message)
    }

    private func configure(_ session: FrontSession) {
        guard let connection = session.connection else { return }
        connection.send(LeaseChannel.FromSupervisor.limits(configuration.limits).message)
        for (index, route) in configuration.routes.enumerated() {
            connection.send(LeaseChannel.FromSupervisor.route(index: index, route).message)
        }
        connection.send(LeaseChannel.FromSupervisor.tls(configuration.tls).message)
        for (index, certificate) in configuration.tls.certificates.enumerated() {
            connection.send(
                LeaseChannel.FromSupervisor.certificate(index: index, certificate).message,
                CertificateFiles.open(certificate))
        }
        connection.send(LeaseChannel.FromSupervisor.http2(configuration.http2).message)
        connection.send(LeaseChannel.FromSupervisor.proxies(configuration.proxies).message)
        connection.send(LeaseChannel.FromSupervisor.configured.message)
    }

    // MARK: Packets

    private func admit(_ connection: PacketConnection, _ peer: PeerCredentials) {
        guard sessions.count + strangers < Self.connectionsMax else {
            log.write(.warning, "front refused") { $0.member("reason", "too many fronts") }
            return connection.close()
        }
        strangers += 1
        connection.onMessage = { [weak self, weak connection] message, _ in
            guard let self, let connection else { return }
            welcome(message, on: connection, peer)
        }
        connection.onClosed = { [weak self] _ in self?.strangers -= 1 }
    }

    /// The first packet must be `hello` of our version.
    private func welcome(_ message: Message, on connection: PacketConnection, _ peer: PeerCredentials) {
        strangers -= 1
        guard case .hello(LeaseChannel.version, let number)? = try? LeaseChannel.FromFront(message) else {
            log.write(.error, "front refused") {
                $0.member("reason", "it speaks another version of the lease channel")
                $0.member("pid", peer.pid)
            }
            return connection.close()
        }
        lastFront += 1
        let ticks = ProcessTable.startTime(of: peer.pid) ?? 0
        let session = FrontSession(
            session: number, fact: FrontFact(session: number, pid: peer.pid, startTicks: ticks),
            front: FrontID(lastFront), connection: connection)
        if let before = sessions.values.filter({ $0.session == number }).max(by: { $0.front < $1.front }) {
            sever(before)
            session.predecessor = before
        }
        sessions[session.front] = session
        connection.onMessage = { [weak self, weak session] message, _ in
            guard let self, let session else { return }
            receive(message, from: session)
        }
        connection.onClosed = { [weak self, weak session] _ in
            guard let self, let session else { return }
            lost(session)
        }
        journal.note(.frontJoined(session.fact))
        take(.frontJoined(session.front))
        connection.send(
            LeaseChannel.FromSupervisor.welcome(version: LeaseChannel.version, node: configuration.node).message)
        configure(session)
    }

    private func receive(_ message: Message, from session: FrontSession) {
        do throws(Message.Malformed) {
            switch try LeaseChannel.FromFront(message) {
            case .hello: throw Message.Malformed("a second hello")
            case .holds(let instance, let generation): take(.frontHolds(session.front, instance, generation))
            case .registered: registered(session)
            case .request(let ticket, let instance, let wait):
                let deadline = EventLoop.clock() + min(max(wait, .zero), Self.waitMax)
                take(.requested(Ticket(session.front, ticket), instance, deadline: deadline))
            case .withdraw(let ticket): take(.withdrawn(Ticket(session.front, ticket)))
            case .release(let instance, let generation): take(.released(session.front, instance, generation))
            }
        } catch {
            log.write(.error, "front sent a malformed packet") { $0.member("reason", error.reason) }
            session.connection?.close()
            lost(session)
        }
    }

    private func registered(_ session: FrontSession) {
        guard !session.isRegistered else { return }
        session.isRegistered = true
        log.write(.info, "front registered") {
            $0.member("front", session.front.description)
            $0.member("pid", session.fact.pid)
        }
        take(.frontRegistered(session.front))
        if let before = session.predecessor {
            session.predecessor = nil
            leave(before)
        }
    }

    // MARK: Endings

    /// The connection broke. The front may still serve what it holds: only its death, or a long absence, ends its
    /// leases.
    private func lost(_ session: FrontSession) {
        guard sessions[session.front] != nil, session.connection != nil else { return }
        sever(session)
        log.write(.warning, "front lost") { $0.member("front", session.front.description) }
        session.giveUp = loop.schedule(after: configuration.registrationTimeout) { [weak self, weak session] in
            guard let self, let session else { return }
            leave(session)
        }
        let pid = session.fact.pid
        session.death = ProcessWatch(pid: pid, startTicks: session.fact.startTicks, on: loop) {
            [weak self, weak session] in
            guard let self, let session else { return }
            leave(session)
        }
    }

    private func sever(_ session: FrontSession) {
        session.connection?.close()
        session.connection = nil
    }

    private func leave(_ session: FrontSession) {
        guard sessions.removeValue(forKey: session.front) != nil else { return }
        if let giveUp = session.giveUp { loop.cancel(giveUp) }
        session.death?.cancel()
        if let before = session.predecessor { leave(before) }
        // A successor of the same session keeps the fact.
        if !sessions.values.contains(where: { $0.session == session.session }) {
            journal.note(.frontLeft(session.fact))
        }
        take(.frontLeft(session.front))
    }
}

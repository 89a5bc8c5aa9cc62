import CLinux
import Contracts
import Glibc
import HTTP
import Linux
import Nouns
import Routing
import Telemetry

/// Who arrives, who is counted as whom, and who is turned away.
extension Front {
    /// A client that has just been accepted.
    func welcome(_ descriptor: Descriptor, _ speech: Traffic.Speech) {
        let peer = (try? Socket.remoteAddress(of: descriptor)).flatMap { IPAddress($0.host) }
        let isIntroduced = peer.map { settings.proxies.introduces($0) } ?? false
        let address: ClientAddress?
        do throws(Fault) {
            address = try takePlace(isIntroduced ? nil : peer)
        } catch {
            return Self.turnAway(descriptor, speech, error)
        }
        Socket.sendAtOnce(descriptor)
        guard let stream = try? ByteStream(descriptor, on: loop) else { return leavePlace(address) }
        (stream.address, stream.memory) = (address, memory)
        ledger.recordAccept(speech)
        switch speech {
        case .http where !isIntroduced: join(ClientConnection(stream, self))
        case .resp where !isIntroduced: join(RESPConnection(stream, self))
        case .http, .https, .resp, .resps:
            let arrival = Arrival(stream, speech, from: peer, isIntroduced: isIntroduced, self)
            join(arrival)
            arrival.begin()
        }
    }

    private static func turnAway(_ descriptor: Descriptor, _ speech: Traffic.Speech, _ fault: Fault) {
        let answer = refusal(fault, speech)
        _ = answer.withUnsafeBytes {
            Glibc.send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        descriptor.close()
    }

    /// What a client for whom there is no room is told. There is no way to say why before a handshake.
    static func refusal(_ fault: Fault, _ speech: Traffic.Speech) -> [UInt8] {
        switch speech {
        case .http: FaultBody.response(fault, closes: true)
        case .resp: Array(RESPConnection.error(fault).utf8)
        case .https, .resps: []
        }
    }

    /// Counts a connection in; `leavePlace` follows. Returns as whose it is counted.
    ///
    /// - Parameter peer: nil for whom the connection does not tell yet.
    private func takePlace(_ peer: IPAddress?) throws(Fault) -> ClientAddress? {
        guard !isDraining, commons.join(max: settings.limits.connectionsMax) else { throw .connectionsTooMany }
        do throws(Fault) {
            return try count(peer)
        } catch {
            commons.leave()
            throw error
        }
    }

    /// Counts a connection as one of its client's. Those of believed proxies carry many clients' requests and are
    /// nobody's.
    func count(_ client: IPAddress?) throws(Fault) -> ClientAddress? {
        guard let client, !settings.proxies.believes(client) else { return nil }
        let address = ClientAddress(client)
        try addresses.connect(address, at: loop.now)
        return address
    }

    func leavePlace(_ address: ClientAddress?) {
        commons.leave()
        if let address { addresses.disconnect(address) }
    }

    /// Whether the client has sent too many bad requests.
    func checkBadRequests(of forwarding: Forwarding) throws(Fault) {
        if let address = forwarding.address { try addresses.checkBadRequests(address, at: loop.now) }
    }

    /// A request was refused for what it is; true when its client has sent too many such, and its connection is to be
    /// ended. Connections with others' requests on them go on.
    func isOneTooMany(_ fault: Fault, from forwarding: Forwarding) -> Bool {
        isOneTooMany(fault, from: forwarding.address) && !forwarding.isShared
    }

    /// The same where no request tells of others.
    func isOneTooMany(_ fault: Fault, from address: ClientAddress?) -> Bool {
        guard fault.status == 400 || fault.status == 401, let address else { return false }
        return addresses.sentBadRequest(address, at: loop.now)
    }
}

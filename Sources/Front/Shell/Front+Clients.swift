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
    func welcome(_ descriptor: Descriptor, isSecure: Bool) {
        let peer = (try? Socket.remoteAddress(of: descriptor)).flatMap { IPAddress($0.host) }
        let isIntroduced = peer.map { settings.proxies.introduces($0) } ?? false
        let address: ClientAddress?
        do throws(Fault) {
            address = try takePlace(isIntroduced ? nil : peer)
        } catch {
            // There is no way to say why before the handshake.
            if isSecure { descriptor.close() } else { Self.turnAway(descriptor, error) }
            return
        }
        Socket.sendAtOnce(descriptor)
        guard let stream = try? ByteStream(descriptor, on: loop) else { return leavePlace(address) }
        (stream.address, stream.memory) = (address, memory)
        ledger.recordAccept(isSecure ? .https : .http)
        guard isSecure || isIntroduced else { return join(ClientConnection(stream, self)) }
        let arrival = Arrival(stream, from: peer, isIntroduced: isIntroduced, isSecure: isSecure, self)
        join(arrival)
        arrival.begin()
    }

    /// A Redis client that has just been accepted.
    func welcome(resp descriptor: Descriptor) {
        let peer = (try? Socket.remoteAddress(of: descriptor)).flatMap { IPAddress($0.host) }
        let address: ClientAddress?
        do throws(Fault) {
            address = try takePlace(peer)
        } catch {
            return RESPConnection.refuse(descriptor, error)
        }
        Socket.sendAtOnce(descriptor)
        guard let stream = try? ByteStream(descriptor, on: loop) else { return leavePlace(address) }
        ledger.recordAccept(.resp)
        join(RESPConnection(stream, address, self))
    }

    private static func turnAway(_ descriptor: Descriptor, _ fault: Fault) {
        let answer = FaultBody.response(fault, closes: true)
        _ = answer.withUnsafeBytes {
            Glibc.send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        descriptor.close()
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

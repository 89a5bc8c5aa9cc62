import Contracts
import Nouns

/// What each client address has open and has done lately, in one loop of a front.
///
/// Bounded: when there is no room, an address without connections goes, first one that has long been quiet. Who has
/// so many addresses that he is forgotten has to be stopped elsewhere.
package struct ClientTable: Sendable {
    private struct Client: Sendable {
        let address: ClientAddress
        var connections = 0
        var handshakes: Int64 = 0
        var badRequests: Int64 = 0

        /// When all that it did is forgotten anyway.
        var quietFrom: Int64 { max(handshakes, badRequests) }
    }

    /// Entries looked at to find the quietest of them, and at most, to find any.
    private static let searchStep = 32
    private static let searchMax = 1_024

    private let countMax: Int
    private var places: [ClientAddress: Int] = [:]
    private var clients: [Client] = []
    private var hand = 0
    private var connections = 0
    private var handshakes: GCRA?
    private var badRequests: GCRA?

    /// - Parameter countMax: addresses; more than there may be connections.
    package init(countMax: Int) { self.countMax = countMax }

    package var count: Int { clients.count }

    /// Sets what holds from now on; `loops`: those of the front, each with a table of its own.
    package mutating func limit(to limits: ClientLimits, loops: Int) {
        connections = Self.share(limits.connections, loops)
        handshakes = Self.rate(limits.handshakes, burst: limits.handshakes, loops)
        badRequests = Self.rate(limits.badRequests, burst: limits.badRequestsBurst, loops)
    }

    /// One more connection of a client; `disconnect` follows.
    package mutating func connect(_ address: ClientAddress, at now: Instant) throws(Fault) {
        try checkBadRequests(address, at: now)
        let place = place(of: address)
        guard connections == 0 || clients[place].connections < connections else { throw .clientConnectionsTooMany }
        if let handshakes {
            switch handshakes.admit(word: clients[place].handshakes, at: now) {
            case .conforming(let word): clients[place].handshakes = word
            case .early(let wait): throw .handshakesTooMany(retryAfter: wait)
            }
        }
        clients[place].connections += 1
    }

    package mutating func disconnect(_ address: ClientAddress) {
        guard let place = places[address], clients[place].connections > 0 else { return }
        clients[place].connections -= 1
    }

    /// Whether the client has sent so many bad requests that nothing of it is looked at for now.
    package func checkBadRequests(_ address: ClientAddress, at now: Instant) throws(Fault) {
        guard let badRequests, let place = places[address] else { return }
        let wait = badRequests.wait(word: clients[place].badRequests, at: now)
        guard wait == .zero else { throw .badRequestsTooMany(retryAfter: wait) }
    }

    /// A request of the client was refused for what it is. True when that is one too many.
    package mutating func sentBadRequest(_ address: ClientAddress, at now: Instant) -> Bool {
        guard let badRequests else { return false }
        let place = place(of: address)
        clients[place].badRequests = badRequests.charged(1, word: clients[place].badRequests, at: now)
        return badRequests.wait(word: clients[place].badRequests, at: now) > .zero
    }

    private mutating func place(of address: ClientAddress) -> Int {
        if let place = places[address] { return place }
        let client = Client(address: address)
        guard clients.count >= countMax, let place = placeToReuse() else {
            places[address] = clients.count
            clients.append(client)
            return clients.count - 1
        }
        places[clients[place].address] = nil
        places[address] = place
        clients[place] = client
        return place
    }

    /// The quietest of the next few without connections; nil when there is none.
    private mutating func placeToReuse() -> Int? {
        var found: Int?
        for _ in 0..<min(clients.count, Self.searchMax) {
            let place = hand
            hand = (hand + 1) % clients.count
            if clients[place].connections == 0, found.map({ clients[place].quietFrom < clients[$0].quietFrom }) ?? true
            {
                found = place
            }
            if found != nil, hand % Self.searchStep == 0 { break }
        }
        return found
    }

    /// The kernel spreads connections over the loops by a hash of their addresses: one client's share of a loop varies
    /// about its mean by chance, and four standard deviations are allowed for.
    private static func share(_ limit: Int, _ loops: Int) -> Int {
        guard limit > 0, loops > 1 else { return limit }
        let mean = (limit + loops - 1) / loops
        return min(limit, mean + 4 * Int(Double(mean).squareRoot().rounded(.up)))
    }

    private static func rate(_ rate: Int, burst: Int, _ loops: Int) -> GCRA? {
        rate == 0 ? nil : GCRA(rate: share(rate, loops), burst: share(burst, loops))
    }
}

import COpenSSL
import Contracts
import Nouns
import TLS
import TLSSupport
import Testing

@Suite struct TicketTests {
    final class Clock {
        var moment = Instant.zero
    }

    /// A whole connection: whether it was resumed, and what the next one can resume from.
    func connect(
        _ context: TLSContext, _ session: TLSClient.Session? = nil, version: Int32, name: String = "a.test"
    ) throws -> (isResumed: Bool, session: TLSClient.Session) {
        let line = try Line(context) { ($0.session, $0.versionMax, $0.name) = (session, version, name) }
        try #require(line.shake() == .done)
        _ = line.write([1])
        line.carry()
        #expect(line.client.isResumed == line.session.isResumed)
        return (line.session.isResumed, line.client.session)
    }

    @Test(arguments: [TLS1_3_VERSION, TLS1_2_VERSION])
    func `a ticket of one loop opens on another, and after a reload`(version: Int32) throws {
        let first = try TLSContext([HandshakeTests.a])
        let other = try TLSContext([HandshakeTests.a])
        let reloaded = try TLSContext([HandshakeTests.a, HandshakeTests.exact], previous: other)
        let begun = try connect(first, version: version)
        #expect(!begun.isResumed)
        #expect(try connect(other, begun.session, version: version).isResumed)
        #expect(try connect(reloaded, begun.session, version: version).isResumed)
    }

    @Test func `a handshake gives one ticket, and a resumed one the next`() throws {
        let context = try TLSContext([HandshakeTests.a])
        let line = try Line(context)
        try #require(line.shake() == .done)
        #expect(line.client.ticketCount == 1)
        let next = try Line(context) { $0.session = line.client.session }
        try #require(next.shake() == .done)
        #expect(next.session.isResumed && next.client.ticketCount == 1)
    }

    @Test(arguments: [TLS1_3_VERSION, TLS1_2_VERSION])
    func `a ticket of another front does not open`(version: Int32) throws {
        let begun = try connect(TLSContext([HandshakeTests.a]), version: version)
        let stranger = TicketKeys(secret: [UInt8](repeating: 8, count: TicketKeys.secretLength), from: .zero)
        #expect(
            !(try connect(TLSContext([HandshakeTests.a], tickets: stranger), begun.session, version: version).isResumed)
        )
    }

    @Test(arguments: [TLS1_3_VERSION, TLS1_2_VERSION])
    func `keys change with time, and old ones open for two periods more`(version: Int32) throws {
        let clock = Clock()
        let context = try TLSContext([HandshakeTests.a], now: { clock.moment })
        let begun = try connect(context, version: version)
        for (periods, opens) in [(1, true), (2, true), (3, false)] {
            clock.moment = .zero + TicketKeys.period * periods
            #expect(try connect(context, begun.session, version: version).isResumed == opens, "\(periods)")
        }
        let renewed = try connect(context, version: version)
        #expect(try connect(context, renewed.session, version: version).isResumed)
    }

    @Test func `loops that look at the clock at other times have the same keys`() throws {
        let (early, late) = (Clock(), Clock())
        let one = try TLSContext([HandshakeTests.a], now: { early.moment })
        let two = try TLSContext([HandshakeTests.a], now: { late.moment })
        for periods in 1...5 {
            early.moment = .zero + TicketKeys.period * periods
            _ = try connect(one, version: TLS1_3_VERSION)
        }
        late.moment = early.moment + .seconds(60)
        let begun = try connect(two, version: TLS1_3_VERSION)
        #expect(try connect(one, begun.session, version: TLS1_3_VERSION).isResumed)
    }

    @Test func `a resumed connection to another name gets that name's certificate or none`() throws {
        let context = try TLSContext([HandshakeTests.a, HandshakeTests.exact]) { $0.fallback = .refuse }
        let begun = try connect(context, version: TLS1_3_VERSION)
        let line = try Line(context) { ($0.session, $0.name) = (begun.session, "unknown.test") }
        line.shake()
        #expect(line.client.failure == "tlsv1 unrecognized name")
    }
}

import Contracts
import Nouns
import Routing
import Support
import Testing

struct TablesTests {
    /// The same as a dictionary, whatever is put in and taken out.
    @Test(arguments: 0..<8) func `a table of bytes is a dictionary`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var table = ByteTable<Int>()
        var dictionary: [String: Int] = [:]
        for step in 0..<4_000 {
            let key = "k\(Int.random(in: 0..<300, using: &random))"
            if Int.random(in: 0..<3, using: &random) == 0 {
                table.remove(key)
                dictionary[key] = nil
            } else {
                table.set(key, step)
                dictionary[key] = step
            }
            #expect(table.count == dictionary.count)
        }
        for number in 0..<300 { #expect(table["k\(number)"] == dictionary["k\(number)"]) }
        #expect(table["other"] == nil)
    }

    @Test func `a cache keeps what is used and lets the rest go`() {
        var cache = SecondChance<Int, Int>(countMax: 3)
        for number in 1...3 { cache.set(number, number) }
        _ = cache.value(1)
        cache.set(4, 4)
        #expect(cache.value(1) == 1 && cache.value(2) == nil && cache.value(3) == 3 && cache.value(4) == 4)
        cache.remove(3)
        cache.remove { $0 == 1 }
        #expect(cache.count == 1)
        cache.set(5, 5)
        cache.set(5, 6)
        #expect(cache.value(5) == 6 && cache.value(4) == 4)
        cache.removeAll()
        #expect(cache.count == 0 && cache.value(5) == nil)
    }

    @Test(arguments: 0..<8) func `a cache says what was last put there, or nothing, and stays small`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var cache = SecondChance<Int, Int>(countMax: 16)
        var latest: [Int: Int] = [:]
        for step in 0..<5_000 {
            let key = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                cache.remove(key)
                latest[key] = nil
            case 1, 2:
                cache.set(key, step)
                latest[key] = step
                #expect(cache.value(key) == step)
            default: if let value = cache.value(key) { #expect(latest[key] == value) }
            }
            #expect(cache.count <= 16)
        }
    }

    // MARK: Clients

    static func client(_ number: Int) -> ClientAddress {
        ClientAddress(IPAddress([10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)])!)
    }

    static func table(
        countMax: Int = 100, connections: Int = 0, handshakes: Int = 0, bad: Int = 0, burst: Int = 1, loops: Int = 1
    ) -> ClientTable {
        var limits = ClientLimits()
        (limits.connections, limits.handshakes) = (connections, handshakes)
        (limits.badRequests, limits.badRequestsBurst) = (bad, burst)
        var table = ClientTable(countMax: countMax)
        table.limit(to: limits, loops: loops)
        return table
    }

    static func connect(_ table: inout ClientTable, _ number: Int, at milliseconds: Int64 = 0) -> String? {
        do throws(Fault) {
            try table.connect(client(number), at: Instant(nanoseconds: milliseconds * 1_000_000))
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a client has as many connections as it may, whatever others have`() {
        var table = Self.table(connections: 2)
        let codes = [1, 1, 1, 2].map { Self.connect(&table, $0) }
        #expect(codes == [nil, nil, "client.connections_too_many", nil])
        table.disconnect(Self.client(1))
        #expect(Self.connect(&table, 1) == nil)
    }

    @Test func `a client connects as often as it may`() {
        var table = Self.table(handshakes: 2)
        let codes = [0, 0, 0, 499, 500].map { Self.connect(&table, 1, at: $0) }
        #expect(codes == [nil, nil, "client.handshakes_too_many", "client.handshakes_too_many", nil])
    }

    @Test func `who sends too many bad requests is turned away for a while`() {
        var table = Self.table(bad: 1, burst: 3)
        #expect(Self.connect(&table, 1) == nil)
        let cuts = (0..<4).map { _ in table.sentBadRequest(Self.client(1), at: .zero) }
        #expect(cuts == [false, false, true, true])
        #expect(Self.connect(&table, 1) == "client.bad_requests_too_many")
        #expect(Self.connect(&table, 2) == nil)
        #expect(Self.connect(&table, 1, at: 2_000) == nil)
    }

    @Test func `a table of clients stays small and forgets nobody who is connected`() {
        var table = Self.table(countMax: 50, connections: 1)
        for number in 0..<40 { #expect(Self.connect(&table, number) == nil) }
        for number in 1_000..<2_000 {
            #expect(Self.connect(&table, number) == nil)
            table.disconnect(Self.client(number))
        }
        #expect(table.count == 50)
        for number in 0..<40 { #expect(Self.connect(&table, number) == "client.connections_too_many") }
    }

    @Test func `each of several loops allows its share and what chance may add`() {
        var table = Self.table(connections: 1_000, loops: 4)
        let count = (0..<1_000).prefix { _ in Self.connect(&table, 1) == nil }.count
        #expect(count == 250 + 4 * 16)
    }

    @Test func `an IPv6 client is its network, and a mapped address is the IPv4 one`() {
        func address(_ text: String) -> ClientAddress? { IPAddress(text).map { ClientAddress($0) } }
        #expect(address("2001:db8:0:1::1") == address("2001:db8:0:1:909:909:909:909"))
        #expect(address("2001:db8:0:1::1") != address("2001:db8:0:2::1"))
        #expect(address("::ffff:1.2.3.4") == address("1.2.3.4") && address("1.2.3.4") != address("1.2.3.5"))
    }

    @Test func `bad requests count for a client without a connection of its own`() {
        var table = Self.table(bad: 1, burst: 2)
        let cuts = (0..<3).map { _ in table.sentBadRequest(Self.client(1), at: .zero) }
        #expect(cuts == [false, true, true])
        #expect(throws: Fault.self) { try table.checkBadRequests(Self.client(1), at: .zero) }
        #expect(throws: Never.self) { try table.checkBadRequests(Self.client(2), at: .zero) }
    }
}

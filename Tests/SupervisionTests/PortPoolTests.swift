import Nouns
import Supervision
import Testing

struct PortPoolTests {
    let later = Instant.zero + .seconds(60)

    @Test func `hands out each port once, then none`() {
        var pool = PortPool(9000...9001)
        #expect(pool.take(at: .zero) == 9000)
        #expect(pool.take(at: .zero) == 9001)
        #expect(pool.take(at: .zero) == nil)
        #expect(pool.heldCount == 2 && pool.freeCount == 0)
    }

    @Test func `gives the port that has been free the longest`() {
        var pool = PortPool(9000...9002)
        for _ in 1...3 { _ = pool.take(at: .zero) }
        for port in [9001, 9000, 9002] as [UInt16] { pool.giveBack(port) }
        #expect((1...3).map { _ in pool.take(at: .zero) } == [9001, 9000, 9002])
    }

    @Test func `leaves a taken port alone for a while`() {
        var pool = PortPool(9000...9000)
        pool.leaveAlone(pool.take(at: .zero)!, until: later)
        #expect(pool.takenPorts == [9000] && pool.nextRetry == later)
        #expect(pool.take(at: .zero) == nil)
        #expect(pool.take(at: later) == 9000)
        #expect(pool.takenPorts.isEmpty && pool.nextRetry == nil)
    }

    @Test func `begins with the ports that are held already`() {
        var pool = PortPool(9000...9001, held: [9000])
        #expect(pool.take(at: .zero) == 9001)
        #expect(pool.take(at: .zero) == nil)
    }

    @Test func `keeps a held port outside a new range until it is given back`() {
        var pool = PortPool(9000...9001)
        _ = pool.take(at: .zero)
        pool.setRange(9001...9002)
        #expect(pool.heldCount == 1)
        pool.giveBack(9000)
        #expect([pool.take(at: .zero), pool.take(at: .zero), pool.take(at: .zero)] == [9001, 9002, nil])
    }
}

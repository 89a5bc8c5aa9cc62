import Alerting
import Testing

/// Notices reach their target in order, or are dropped and counted, and nothing waits for ever.
struct OutboxTests {
    private func notice(_ number: Int, at moment: Int64 = 0) -> AlertNotice {
        AlertNotice(.raised, Alert(Alert.Key("custom", "\(number)"), "…"), since: moment, at: moment)
    }

    @Test func `one after the other, in order`() {
        var box = Outbox()
        for number in 0..<3 { box.add(notice(number)) }
        for number in 0..<3 {
            #expect(box.next(at: 0)?.alert.key.subject == "\(number)")
            #expect(box.next(at: 0) == nil)
            box.ended(.delivered, at: 0)
        }
        #expect(box.next(at: 0) == nil)
        #expect(box.nextDeadline == nil)
    }

    @Test func `attempts become rarer, to five minutes, and begin anew with success`() {
        var box = Outbox()
        box.add(notice(0))
        box.add(notice(1))
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<12 {
            #expect(box.next(at: now) != nil)
            box.ended(.failed, at: now)
            waits.append(box.nextDeadline! - now)
            #expect(box.next(at: box.nextDeadline! - 1) == nil)
            now = box.nextDeadline!
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map { $0 * 1000 })
        _ = box.next(at: now)
        box.ended(.delivered, at: now)
        #expect(box.next(at: now)?.alert.key.subject == "1")
        box.ended(.failed, at: now)
        #expect(box.nextDeadline == now + 1000)
    }

    @Test func `what is refused is not tried again`() {
        var box = Outbox()
        box.add(notice(0))
        box.add(notice(1))
        _ = box.next(at: 0)
        box.ended(.refused, at: 0)
        #expect(box.dropped == 1)
        #expect(box.next(at: 0)?.alert.key.subject == "1")
    }

    @Test func `a full box drops the oldest, but not what is under way`() {
        var box = Outbox()
        for number in 0..<Outbox.countMax { box.add(notice(number)) }
        #expect(box.next(at: 0)?.alert.key.subject == "0")
        box.add(notice(999))
        #expect(box.count == Outbox.countMax)
        #expect(box.dropped == 1)
        box.ended(.delivered, at: 0)
        #expect(box.next(at: 0)?.alert.key.subject == "2")
    }

    @Test func `what could not be delivered for a day is dropped`() {
        var box = Outbox()
        box.add(notice(0, at: 0))
        box.add(notice(1, at: 5))
        #expect(box.next(at: Outbox.ageMax + 3)?.alert.key.subject == "1")
        #expect(box.dropped == 1)
    }
}

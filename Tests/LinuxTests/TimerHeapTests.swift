import Linux
import Nouns
import Support
import Testing

@Suite struct TimerHeapTests {
    @Test func `gives timers by moment, equal ones by insertion, without the removed`() {
        var random = SplitMix64(seed: 7)
        var heap = TimerHeap()
        var fired: [Int] = []
        var expected: [(moment: Int64, number: Int)] = []
        var ids: [TimerHeap.ID] = []
        for number in 0..<2000 {
            let moment = Int64.random(in: 0..<300, using: &random)
            ids.append(heap.insert(at: Instant(nanoseconds: moment)) { fired.append(number) })
            expected.append((moment, number))
        }
        let removed = Set((0..<1700).map { _ in Int.random(in: 0..<2000, using: &random) })
        for number in removed { heap.remove(ids[number]) }
        expected = expected.filter { !removed.contains($0.number) }.sorted {
            ($0.moment, $0.number) < ($1.moment, $1.number)
        }
        #expect(heap.count == expected.count)
        #expect(heap.next == Instant(nanoseconds: expected[0].moment))
        let middle = Instant(nanoseconds: 150)
        while let action = heap.popDue(at: middle) { action() }
        #expect(fired == expected.filter { $0.moment <= 150 }.map(\.number))
        while let action = heap.popDue(at: .distantFuture) { action() }
        #expect(fired == expected.map(\.number))
        #expect(heap.next == nil)
        #expect(heap.count == 0)
    }
}

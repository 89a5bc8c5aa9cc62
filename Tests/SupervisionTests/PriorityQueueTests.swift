import Supervision
import Support
import Testing

struct PriorityQueueTests {
    @Test func `gives the least priority first, of equals the least key`() {
        var queue = PriorityQueue<String, Int>()
        for (key, priority) in [("c", 2), ("b", 1), ("a", 2)] { queue.set(key, to: priority) }
        #expect([queue.popFirst()?.key, queue.popFirst()?.key, queue.popFirst()?.key] == ["b", "a", "c"])
        #expect(queue.popFirst() == nil && queue.isEmpty)
    }

    @Test func `a key moves when its priority changes, and goes when it has none`() {
        var queue = PriorityQueue<String, Int>()
        queue.set("a", to: 1)
        queue.set("b", to: 2)
        queue.set("a", to: 3)
        #expect(queue.first?.key == "b")
        queue.set("b", to: nil)
        #expect(queue.first?.key == "a" && queue.first?.priority == 3 && queue.count == 1)
    }

    @Test func `agrees with a plain list whatever is done`() {
        var random = SplitMix64(seed: 1)
        var queue = PriorityQueue<Int, Int>()
        var list: [Int: Int] = [:]
        for _ in 1...20_000 {
            let key = Int(random.next() % 50)
            let priority = random.next() % 4 == 0 ? nil : Int(random.next() % 20)
            queue.set(key, to: priority)
            list[key] = priority
            let least = list.min { ($0.value, $0.key) < ($1.value, $1.key) }
            #expect(queue.first?.key == least?.key && queue.first?.priority == least?.value)
        }
    }
}

import Routing
import Testing

private final class Item: Runnable {
    let name: String
    init(_ name: String) { self.name = name }
    func run() {}
}

struct FairQueueTests {
    private func take(_ queue: inout FairQueue) -> String? { (queue.take() as? Item)?.name }

    @Test func `each lane has its turn, however many items another one has`() {
        var queue = FairQueue()
        let (flood, calm) = (FairQueue.Lane(), FairQueue.Lane())
        for number in 0..<5 { queue.put(Item("flood \(number)"), in: flood) }
        queue.put(Item("calm 0"), in: calm)
        queue.put(Item("calm 1"), in: calm)
        var taken: [String] = []
        while let item = take(&queue) { taken.append(item) }
        #expect(taken == ["flood 0", "calm 0", "flood 1", "calm 1", "flood 2", "flood 3", "flood 4"])
        #expect(queue.isEmpty)
    }

    @Test func `one that comes late has its turn behind those that wait, not behind their queues`() {
        var queue = FairQueue()
        let lanes = (0..<3).map { _ in FairQueue.Lane() }
        for number in 0..<10_000 { queue.put(Item("\(number)"), in: lanes[0]) }
        for number in 0..<5_000 {
            let item = take(&queue)
            #expect(item == "\(number)")
        }
        queue.put(Item("-1"), in: lanes[1])
        queue.put(Item("-2"), in: lanes[2])
        let next = (0..<4).map { _ in take(&queue) }
        #expect(next == ["5000", "-1", "-2", "5001"])
        #expect(queue.count == 4_998)
    }
}

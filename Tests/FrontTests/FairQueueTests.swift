import Routing
import Testing

struct FairQueueTests {
    @Test func `each lane has its turn, however many items another one has`() {
        var queue = FairQueue<String>()
        let (flood, calm) = (FairQueue<String>.Lane(), FairQueue<String>.Lane())
        for number in 0..<5 { queue.put("flood \(number)", in: flood) }
        queue.put("calm 0", in: calm)
        queue.put("calm 1", in: calm)
        var taken: [String] = []
        while let item = queue.take() { taken.append(item) }
        #expect(taken == ["flood 0", "calm 0", "flood 1", "calm 1", "flood 2", "flood 3", "flood 4"])
        #expect(queue.isEmpty)
    }

    @Test func `one that comes late has its turn behind those that wait, not behind their queues`() {
        var queue = FairQueue<Int>()
        let lanes = (0..<3).map { _ in FairQueue<Int>.Lane() }
        for number in 0..<10_000 { queue.put(number, in: lanes[0]) }
        for number in 0..<5_000 { #expect(queue.take() == number) }
        queue.put(-1, in: lanes[1])
        queue.put(-2, in: lanes[2])
        #expect((0..<4).map { _ in queue.take() } == [5_000, -1, -2, 5_001])
        #expect(queue.count == 4_998)
    }
}

import Nouns
import Supervision
import Testing

struct StartQueueTests {
    let store = Kind("store")!, cache = Kind("cache")!, search = Kind("search")!
    func id(_ project: String, _ kind: Kind) -> InstanceID { InstanceID(ProjectID(project)!, kind) }

    @Test func `projects take turns, in a project first come, first served`() {
        var queue = StartQueue()
        for kind in [store, cache, search] { queue.add(id("acme", kind)) }
        queue.add(id("blue", store))
        #expect(queue.next() == id("acme", store))
        #expect(queue.next() == id("blue", store))
        #expect(queue.next() == id("acme", cache))
        #expect(queue.next() == id("acme", search))
        #expect(queue.next() == nil && queue.isEmpty)
    }

    @Test func `one that left is passed over, and may come again`() {
        var queue = StartQueue()
        queue.add(id("acme", store))
        queue.add(id("blue", store))
        queue.remove(id("acme", store))
        #expect(queue.count == 1)
        #expect(queue.next() == id("blue", store))
        queue.add(id("acme", store))
        #expect(queue.next() == id("acme", store))
        #expect(queue.next() == nil)
    }
}

import Terminal
import Testing

struct ServerSentEventsTests {
    @Test func `reads events however their bytes are cut`() {
        let text = ": hello\n\nid: 7\ndata: {\"a\":1}\n\nevent: gap\r\ndata:x\r\ndata: y\r\n\r\nid: 9\n\n"
        let expected = [
            ServerSentEvents.Event(id: "7", data: "{\"a\":1}"),
            ServerSentEvents.Event(id: "7", name: "gap", data: "x\ny"),
        ]
        for size in [1, 2, 3, 7, 1000] {
            var parser = ServerSentEvents()
            var events: [ServerSentEvents.Event] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                events += parser.read(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(events == expected)
        }
    }
}

import HTTP
import HTTP2
import HTTP2Support
import Nouns
import Testing

@Suite struct AnswerTests {
    static let get = FrameClient.pseudo("GET", "/")

    @Test func `fields go out in lower case`() {
        let server = Server()
        server.onRequest = { $0.answer(404) }
        let stream = server.ask(Self.get)
        #expect(server[stream].status == 404 && server[stream].isComplete)
        #expect(server[stream].fields.map(\.name) == ["content-type", "x-request-id"])
        #expect(server[stream]["content-type"] == "text/plain")
        #expect(server.arrivals[0].isClosed && server.session.streamCount == 0)
    }

    @Test func `what is for one hop stays out`() {
        let server = Server()
        server.onRequest = {
            let fields = HTTP2Fields()
            fields.begin(200)
            fields.add(
                lines: "connection: close\r\nKeep-Alive: 1\r\nTransfer-Encoding: chunked\r\nupgrade: x\r\nvary: a\r\n")
            $0.stream.answer(fields, isAll: true)
        }
        let stream = server.ask(Self.get)
        #expect(server[stream].fields.map(\.name) == ["vary"])
    }

    @Test func `many requests at once are answered as they are done`() {
        let server = Server()
        let streams = (0..<100).map { _ in server.client.request(Self.get) }
        server.carry()
        #expect(server.arrivals.count == 100)
        for arrival in server.arrivals.reversed() { arrival.answer(200, "to \(arrival.stream.id)") }
        server.carry()
        for stream in streams { #expect(server[stream].text == "to \(stream)" && server[stream].isComplete) }
    }

    @Test func `interim answers come first`() {
        let server = Server()
        server.onRequest = {
            for status in [100, 103] {
                let fields = HTTP2Fields()
                fields.begin(status)
                $0.stream.interim(fields)
            }
            $0.answer(200, "done")
        }
        let stream = server.ask(Self.get)
        #expect(server[stream].interim == [100, 103] && server[stream].status == 200 && server[stream].text == "done")
    }

    @Test func `a body goes out as it comes`() {
        let server = Server()
        let stream = server.ask(Self.get)
        let arrival = server.arrivals[0]
        let fields = HTTP2Fields()
        fields.begin(200)
        arrival.stream.answer(fields, isAll: false)
        server.carry()
        #expect(server[stream].status == 200 && !server[stream].isComplete)
        for text in ["one", " and ", "two"] {
            arrival.send(text)
            server.carry()
        }
        #expect(server[stream].text == "one and two" && !server[stream].isComplete)
        arrival.stream.end()
        server.carry()
        #expect(server[stream].isComplete && arrival.isClosed)
    }

    @Test func `a client that takes nothing holds its own stream back only`() {
        let server = Server()
        server.client.takesBodies = false
        let (slow, quick) = (server.ask(Self.get), server.ask(Self.get))
        let big = String(repeating: "x", count: 40_000)
        server.arrivals[0].answer(200, big + big + big)
        server.carry()
        #expect(server[slow].body.count == 65_535 && !server[slow].isComplete)
        #expect(server.arrivals[0].stream.keptCount == 120_000 - 65_535)
        server.client.enlargeWindow(0, by: 1000)
        server.carry()
        server.arrivals[1].answer(200, "hello")
        server.carry()
        #expect(server[quick].text == "hello" && server[quick].isComplete)
        server.client.enlargeWindow(slow, by: 100_000)
        server.client.enlargeWindow(0, by: 100_000)
        server.carry()
        #expect(server[slow].body.count == 120_000 && server[slow].isComplete)
    }

    @Test func `a stream says when there is room again`() {
        let server = Server()
        server.client.takesBodies = false
        let stream = server.ask(Self.get)
        let arrival = server.arrivals[0]
        let fields = HTTP2Fields()
        fields.begin(200)
        arrival.stream.answer(fields, isAll: false)
        arrival.send(String(repeating: "x", count: 65_535 + HTTP2Stream.keptMax))
        #expect(arrival.stream.isBlocked)
        server.carry()
        #expect(arrival.stream.isBlocked && arrival.drainCount == 0)
        server.client.enlargeWindow(stream, by: 10)
        server.client.enlargeWindow(0, by: 10)
        server.carry()
        #expect(!arrival.stream.isBlocked && arrival.drainCount == 1)
    }

    @Test(arguments: [[0, 3, 1, 2], [3, 2, 1, 0], [1, 0, 3, 2], [0, 1, 2, 3]])
    func `streams end in any order, each with its own answer`(order: [Int]) {
        let server = Server()
        let streams = (0..<4).map { _ in server.ask(Self.get) }
        for (ended, index) in order.enumerated() {
            server.arrivals[index].answer(200, "answer \(index)")
            server.carry()
            #expect(server.session.streamCount == 3 - ended)
            #expect(server.arrivals.map(\.isClosed) == (0..<4).map { order[...ended].contains($0) })
        }
        #expect(streams.map { server[$0].text } == (0..<4).map { "answer \($0)" })
    }

    @Test func `an answer that breaks off is reset`() {
        let server = Server()
        let stream = server.ask(Self.get)
        let fields = HTTP2Fields()
        fields.begin(200)
        server.arrivals[0].stream.answer(fields, isAll: false)
        server.arrivals[0].send("half")
        server.carry()
        server.arrivals[0].stream.fail()
        server.carry()
        #expect(server[stream].text == "half" && server[stream].reset == 2 && server.arrivals[0].isClosed)
    }

    @Test func `a request that the client takes back is over at once`() {
        let server = Server()
        let stream = server.ask(Self.get)
        server.client.reset(stream)
        server.carry()
        #expect(server.arrivals[0].isClosed && server.session.streamCount == 0)
        server.arrivals[0].answer(200, "too late")
        server.arrivals[0].stream.consumed(0)
        server.carry()
        #expect(server[stream].status == 0)
    }

    @Test func `an answer before the request's end ends the stream behind it`() {
        let server = Server()
        server.onRequest = {
            $0.answer(413, "too long")
            $0.stream.refuseRest()
        }
        let stream = server.ask(FrameClient.pseudo("POST", "/"), isAll: false)
        #expect(server[stream].status == 413 && server[stream].text == "too long" && server[stream].isComplete)
        #expect(server[stream].reset == 0 && server.arrivals[0].isClosed)
    }

    @Test func `output comes in pieces of the size that is asked for`() {
        let server = Server()
        server.onRequest = { $0.answer(200, String(repeating: "x", count: 60_000)) }
        server.client.request(Self.get)
        let bytes = server.client.takeOutgoing()
        bytes.withUnsafeBytes { server.session.receive($0, at: .zero) }
        let first = OutputBuffer()
        server.session.fill(first, max: 20_000)
        #expect(first.count >= 20_000 && first.count < 20_000 + 16_384 + 9)
    }
}

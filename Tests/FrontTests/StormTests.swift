import Contracts
import FrontShell
import HTTP
import Linux
import Nouns
import Support
import Testing

@Suite struct StormTests {
    @Test(arguments: [true, false]) func `no read fails while its instance is killed again and again`(_ isUnix: Bool)
        throws
    {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance(isUnix: isUnix)
        var served = 0
        instance.answer { request in
            served += 1
            return String(request.split(separator: " ")[1])
        }
        let clients = try (0..<24).map { _ in try stage.client() }
        var (asked, answered) = ([Int](repeating: 0, count: 24), 0)
        func ask(_ index: Int) {
            asked[index] += 1
            clients[index].say(Stage.get("/v1/database/\(index)-\(asked[index])"))
        }
        for index in clients.indices { ask(index) }
        var (kills, lastKill) = (0, 0)
        try stage.until {
            for (index, client) in clients.enumerated() {
                let (answers, rest) = Answer.all(client.received, .get, hasEnded: client.hasEnded)
                guard let answer = answers.first else { continue }
                #expect(rest.isEmpty && answers.count == 1)
                #expect(answer.status == 200, "\(answer.body)")
                #expect(answer.body == "/v1/projects/acme/databases/\(index)-\(asked[index])")
                client.forget()
                answered += 1
                ask(index)
            }
            if kills < 15, served - lastKill > 60 {
                instance.kill()
                try! instance.start()
                (kills, lastKill) = (kills + 1, served)
            }
            return kills == 15 && answered > 1_200
        }
        #expect(clients.allSatisfy { !$0.hasEnded })
    }

    /// The same conversation in whatever pieces it comes, on both sides.
    @Test(arguments: 0..<20) func `bytes may come in any pieces`(_ seed: Int) throws {
        let stage = try Stage()
        try stage.start()
        let instance = try stage.instance()
        var random = SplitMix64(seed: UInt64(seed))
        let conversation = Array(
            (Stage.get("/v1/database/1") + Stage.post("hello")
                + Stage.head("PUT /v1/database/2", "Transfer-Encoding: chunked\r\n")
                + "3\r\nabc\r\n4;x\r\ndefg\r\n0\r\n\r\n" + Stage.get("/none") + Stage.get("/v1/database/3")).utf8)
        let replies = [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthree",
        ]
        let ends = ["\r\n\r\n", "\r\n\r\nhello", "\r\n0\r\n\r\n", "\r\n\r\n"]
        let client = try stage.client()
        var (sent, replied) = (0, 0)
        var outgoing: [UInt8] = []
        try stage.until {
            if sent < conversation.count {
                let count = min(Int.random(in: 1...40, using: &random), conversation.count - sent)
                client.say(Array(conversation[sent..<(sent + count)]))
                sent += count
            }
            if let peer = instance.peers.first {
                if replied < replies.count, outgoing.isEmpty, peer.text.hasSuffix(ends[replied]) {
                    peer.forget()
                    outgoing = Array(replies[replied].utf8)
                    replied += 1
                }
                let count = min(Int.random(in: 1...20, using: &random), outgoing.count)
                peer.say(Array(outgoing[..<count]))
                outgoing.removeFirst(count)
            }
            try! stage.loop.turn(wait: .zero)
            return Answer.all(client.received, .get, hasEnded: false).0.count == 6
        }
        let answers = Answer.all(client.received, .get, hasEnded: false).0
        #expect(answers.map(\.status) == [200, 200, 103, 204, 404, 200])
        #expect([answers[0].body, answers[1].body, answers[5].body] == ["one", "two", "three"])
        #expect(instance.peers.count == 1)
    }
}

import Contracts
import Nouns
import Testing

/// Every packet of every channel, written and read back.
struct ChannelTests {
    static let instance = InstanceID(ProjectID("acme")!, .bundoc, ordinal: 2)
    static let generation = Generation(7)
    static let token = Token(random: (1, .max))
    static let fault = Fault(
        503, "ports.exhausted", "No port is free.", party: .cluster, retryAfter: .seconds(2))
    static let endpoint = Endpoint(
        instance: instance, generation: generation, port: 9001, unix: "/run/a.sock", handOff: nil,
        token: token)

    @Test(arguments: [
        LeaseChannel.FromFront.hello(version: 1, session: .max), .holds(instance, generation), .registered,
        .request(ticket: 3, instance, wait: .milliseconds(1500)), .withdraw(ticket: 3),
        .release(instance, generation),
    ])
    func `a front's packet reads back`(packet: LeaseChannel.FromFront) throws {
        #expect(try LeaseChannel.FromFront(Message(decoding: packet.message.encoded())) == packet)
    }

    @Test(arguments: [
        LeaseChannel.FromSupervisor.welcome(version: 1, node: "one"), .limits(FrontLimits()),
        .route(
            index: 0,
            Route(
                prefix: "/v1/kv/", kind: .bunder, rewrite: "/kv/{project}/", bodyMax: 10,
                timeout: .seconds(30))),
        .route(
            index: 1,
            Route(
                host: RouteHost("{project}.example.org")!, prefix: "/", kind: .bunder, rewrite: "/",
                project: "acme", access: .anyone, bodyMax: 10, timeout: .seconds(30), cost: 7)),
        .configured, .grant(ticket: 9, endpoint), .grant(ticket: 9, endpoint, woke: true),
        .refuse(ticket: 9, fault),
        .revoke(instance, generation, grace: .seconds(10), nil),
        .revoke(instance, generation, grace: .zero, fault),
    ])
    func `a supervisor's packet reads back`(packet: LeaseChannel.FromSupervisor) throws {
        #expect(try LeaseChannel.FromSupervisor(Message(decoding: packet.message.encoded())) == packet)
    }

    @Test(arguments: [
        ControlChannel.FromSupervisor.watch(true), .watch(false), .resume, .rekeyed,
        .assign(
            Assignment(
                instance: instance, incarnation: Incarnation(5), generation: generation, token: token,
                data: "/data/a",
                descriptors: ["tcp", "unix"], watchdog: .seconds(2), settings: ["body_max": "10"])),
        .assign(
            Assignment(
                instance: InstanceID(.shared, .front), incarnation: Incarnation(5), generation: Generation(0),
                token: nil,
                data: "/data/front", descriptors: [], watchdog: nil)),
    ])
    func `an assignment reads back`(packet: ControlChannel.FromSupervisor) throws {
        #expect(try ControlChannel.FromSupervisor(Message(decoding: packet.message.encoded())) == packet)
    }

    @Test(arguments: [HandOff.Greeting.auth, .hello(version: 2), .hello(version: 3)])
    func `a hand-off reads back with the bytes already read`(greeting: HandOff.Greeting) throws {
        let handOff = HandOff(token: Self.token, greeting: greeting, unread: Array("PING\r\n\n\n".utf8))
        #expect(try HandOff(Message(decoding: handOff.message.encoded())) == handOff)
    }

    @Test(arguments: [HandOff.Answer.taken, .refused(fault)])
    func `a hand-off's answer reads back`(answer: HandOff.Answer) throws {
        #expect(try HandOff.Answer(Message(decoding: answer.message.encoded())) == answer)
    }

    @Test(arguments: [
        KeyChannel.FromPlatform.welcome(version: 2, isWhole: true), .unknown(ticket: 7),
        .valid(ticket: 8, TokenGrant(id: TokenID("tok_0123456789abcdef")!, scope: .all, lifetime: nil)),
        .valid(
            ticket: 9,
            TokenGrant(
                id: TokenID("tok_0123456789abcdef")!, scope: .projects([ProjectID("a")!, ProjectID("b")!]),
                lifetime: .seconds(5))),
        .revoked(TokenID("tok_0123456789abcdef")!, table: 4),
        .project(
            KeyEntry(project: ProjectID("p")!, slug: "s", key: "pk_1", limits: .init("requests=3,bandwidth=4096")!),
            table: 3),
        .project(KeyEntry(project: ProjectID("acme")!, slug: "acme", key: "pk_1"), table: 3),
        .removed(ProjectID("acme")!, table: 4), .synced(table: 4),
    ])
    func `a key packet reads back`(packet: KeyChannel.FromPlatform) throws {
        #expect(try KeyChannel.FromPlatform(Message(decoding: packet.message.encoded())) == packet)
    }

    @Test(arguments: [
        KeyChannel.FromFront.hello(version: 2, table: 7), .seen(table: 7),
        .verify(ticket: 3, SecretHash(String(repeating: "0a", count: 32))!),
    ])
    func `a front's packet about keys reads back`(packet: KeyChannel.FromFront) throws {
        #expect(try KeyChannel.FromFront(Message(decoding: packet.message.encoded())) == packet)
    }

    @Test func `a packet that lacks a field says which`() throws {
        let message = Message("grant")
        #expect(throws: Message.Malformed("grant lacks TICKET")) { try LeaseChannel.FromSupervisor(message) }
    }
}

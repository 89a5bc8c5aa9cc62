import Contracts
import Nouns
import Routing
import Support
import Testing

@Suite struct LeaseBookTests {
    static let instance = InstanceID(ProjectID("a")!, .bundoc)
    static let other = InstanceID(ProjectID("b")!, .bundoc)
    static let fault = Fault(503, "instance.quarantined", "It crashed.", party: .instance)

    static func endpoint(_ generation: UInt64, _ instance: InstanceID = instance) -> Endpoint {
        Endpoint(
            instance: instance, generation: Generation(generation), port: 9000, unix: nil, handOff: nil, token: nil)
    }

    static func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    /// A book whose channel is up and whose greeting is said.
    static func connected() -> LeaseBook {
        var book = LeaseBook(session: 1, linger: .seconds(1))
        _ = book.connected(at: .zero)
        return book
    }

    /// A book that holds generation 1, used once by waiter 1.
    static func holding() throws -> (LeaseBook, LeaseBook.Use) {
        var book = connected()
        _ = book.want(instance, by: 1, deadline: at(10), at: .zero)
        let actions = book.received(.grant(ticket: 1, endpoint(1), woke: true), at: at(0.5))
        guard case .proceed(1, let use, let wake) = actions.first else {
            throw Fault(500, "test", "no proceed: \(actions)")
        }
        #expect(wake == .milliseconds(500))
        return (book, use)
    }

    @Test func `one ticket stands for all who wait`() {
        var book = Self.connected()
        #expect(
            book.want(Self.instance, by: 1, deadline: Self.at(10), at: .zero)
                == [.send(.request(ticket: 1, Self.instance, wait: .milliseconds(9750)))])
        #expect(book.want(Self.instance, by: 2, deadline: Self.at(11), at: Self.at(1)) == [])
        let actions = book.received(.grant(ticket: 1, Self.endpoint(1)), at: Self.at(2))
        #expect(actions.count == 2)
        #expect(book.use(Self.instance) != nil)
    }

    @Test func `a refusal answers all, and the next wish asks anew`() {
        var book = Self.connected()
        _ = book.want(Self.instance, by: 1, deadline: Self.at(10), at: .zero)
        _ = book.want(Self.instance, by: 2, deadline: Self.at(10), at: .zero)
        #expect(
            book.received(.refuse(ticket: 1, Self.fault), at: .zero) == [
                .refuse(1, Self.fault), .refuse(2, Self.fault),
            ])
        #expect(
            book.want(Self.instance, by: 3, deadline: Self.at(10), at: .zero)
                == [.send(.request(ticket: 2, Self.instance, wait: .milliseconds(9750)))])
        #expect(book.received(.refuse(ticket: 1, Self.fault), at: .zero) == [])
    }

    @Test func `a lease is kept for its linger after the last use`() throws {
        var (book, use) = try Self.holding()
        _ = book.use(Self.instance)
        #expect(book.ended(use, at: Self.at(2)) == [])
        #expect(book.nextDeadline == nil)
        #expect(book.ended(use, at: Self.at(3)) == [])
        #expect(book.nextDeadline == Self.at(4))
        #expect(book.expire(at: Self.at(3.9)) == [])
        #expect(
            book.expire(at: Self.at(4)) == [
                .forget(Self.instance, Generation(1)), .send(.release(Self.instance, Generation(1))),
            ])
        #expect(book.count == 0)
        #expect(book.ended(use, at: Self.at(5)) == [])
    }

    @Test func `a new use ends the linger`() throws {
        var (book, use) = try Self.holding()
        _ = book.ended(use, at: Self.at(2))
        _ = book.use(Self.instance)
        #expect(book.expire(at: Self.at(100)) == [])
    }

    @Test func `waiters end at their own limits, and the last one withdraws the ticket`() {
        var book = Self.connected()
        _ = book.want(Self.instance, by: 1, deadline: Self.at(1), at: .zero)
        _ = book.want(Self.instance, by: 2, deadline: Self.at(2), at: .zero)
        #expect(book.nextDeadline == Self.at(1))
        #expect(book.expire(at: Self.at(1)) == [.refuse(1, .waitTimedOut)])
        #expect(book.giveUp(2, Self.instance) == [.send(.withdraw(ticket: 1))])
        #expect(book.count == 0)
    }

    @Test func `a grant that nobody waits for any more is kept and given back`() {
        var book = Self.connected()
        _ = book.want(Self.instance, by: 1, deadline: Self.at(1), at: .zero)
        _ = book.giveUp(1, Self.instance)
        #expect(book.received(.grant(ticket: 1, Self.endpoint(1)), at: Self.at(1)) == [])
        #expect(
            book.expire(at: Self.at(2)) == [
                .forget(Self.instance, Generation(1)), .send(.release(Self.instance, Generation(1))),
            ])
    }

    @Test func `a grant of an older ticket serves, and the lease stays until the newer one is answered`() {
        var book = Self.connected()
        _ = book.want(Self.instance, by: 1, deadline: Self.at(1), at: .zero)
        _ = book.giveUp(1, Self.instance)
        _ = book.want(Self.instance, by: 2, deadline: Self.at(9), at: .zero)
        let actions = book.received(.grant(ticket: 1, Self.endpoint(1)), at: .zero)
        guard case .proceed(2, let use, _) = actions.first else {
            Issue.record("\(actions)")
            return
        }
        _ = book.ended(use, at: .zero)
        #expect(book.expire(at: Self.at(1)) == [])
        #expect(book.received(.grant(ticket: 2, Self.endpoint(1)), at: Self.at(1)) == [])
        #expect(book.expire(at: Self.at(2)).contains(.send(.release(Self.instance, Generation(1)))))
    }

    @Test func `a revoked lease is used no more, and released behind its last use`() throws {
        var (book, use) = try Self.holding()
        #expect(
            book.received(.revoke(Self.instance, Generation(1), grace: .seconds(5), nil), at: Self.at(1))
                == [.forget(Self.instance, Generation(1))])
        #expect(book.use(Self.instance) == nil)
        #expect(book.want(Self.instance, by: 2, deadline: Self.at(9), at: Self.at(1)) == [])
        #expect(
            book.ended(use, at: Self.at(2)) == [
                .forget(Self.instance, Generation(1)), .send(.release(Self.instance, Generation(1))),
                .send(.request(ticket: 2, Self.instance, wait: .milliseconds(6750))),
            ])
    }

    @Test func `a revocation's grace ends, and one with a fault ends at once`() throws {
        var (book, _) = try Self.holding()
        _ = book.received(.revoke(Self.instance, Generation(1), grace: .seconds(5), nil), at: Self.at(1))
        #expect(book.nextDeadline == Self.at(6))
        #expect(
            book.expire(at: Self.at(6)) == [
                .abort(Self.instance, Generation(1), .revoked), .forget(Self.instance, Generation(1)),
                .send(.release(Self.instance, Generation(1))),
            ])
        (book, _) = try Self.holding()
        #expect(
            book.received(.revoke(Self.instance, Generation(1), grace: .seconds(5), Self.fault), at: Self.at(1)) == [
                .abort(Self.instance, Generation(1), Self.fault), .forget(Self.instance, Generation(1)),
                .send(.release(Self.instance, Generation(1))),
            ])
    }

    @Test func `a revocation of what is not held changes nothing`() throws {
        var (book, _) = try Self.holding()
        #expect(book.received(.revoke(Self.instance, Generation(2), grace: .zero, nil), at: .zero) == [])
        #expect(book.received(.revoke(Self.other, Generation(1), grace: .zero, nil), at: .zero) == [])
        #expect(book.use(Self.instance) != nil)
    }

    @Test func `an ended use of an earlier lease of the same generation does not count`() throws {
        var (book, use) = try Self.holding()
        _ = book.use(Self.instance)
        _ = book.misdirected(use, at: Self.at(1))
        _ = book.want(Self.instance, by: 3, deadline: Self.at(9), at: Self.at(1))
        _ = book.received(.grant(ticket: 2, Self.endpoint(1)), at: Self.at(1))
        #expect(book.ended(use, at: Self.at(1)) == [])
        #expect(book.expire(at: Self.at(100)) == [])
    }

    @Test func `a new supervisor hears what is held, then what is wanted`() throws {
        var (book, _) = try Self.holding()
        book.disconnected()
        #expect(book.want(Self.other, by: 5, deadline: Self.at(9), at: Self.at(1)) == [])
        #expect(
            book.connected(at: Self.at(2)) == [
                .send(.hello(version: LeaseChannel.version, session: 1)), .send(.holds(Self.instance, Generation(1))),
                .send(.registered), .send(.request(ticket: 3, Self.other, wait: .milliseconds(6750))),
            ])
    }

    /// Draws events at random and keeps what the supervisor and the requests would know, to compare.
    @Test(arguments: 0..<200) func `whatever happens, each waiter is answered once and nothing is forgotten`(
        _ seed: Int
    ) {
        var random = SplitMix64(seed: UInt64(seed))
        var book = LeaseBook(session: 1, linger: .seconds(1))
        var now = Instant.zero
        var isConnected = false
        var waiting: [LeaseBook.Waiter: (instance: InstanceID, deadline: Instant)] = [:]
        var uses: [LeaseBook.Use] = []
        var tickets: [(UInt64, InstanceID)] = []
        var granted: [InstanceID: UInt64] = [:]
        var (lastWaiter, lastGeneration): (UInt64, UInt64) = (0, 0)
        let instances = [Self.instance, Self.other]

        func perform(_ actions: [LeaseBook.Action]) {
            for action in actions {
                switch action {
                case .proceed(let waiter, let use, _):
                    #expect(waiting.removeValue(forKey: waiter)?.instance == use.instance)
                    uses.append(use)
                case .refuse(let waiter, _): #expect(waiting.removeValue(forKey: waiter) != nil)
                case .send(.request(let ticket, let instance, _)): tickets.append((ticket, instance))
                case .send(.withdraw(let ticket)): tickets.removeAll { $0.0 == ticket }
                case .send(.release(let instance, let generation)):
                    #expect(granted[instance] == generation.number)
                    granted[instance] = nil
                case .abort(let instance, let generation, _):
                    uses.removeAll { $0.instance == instance && $0.endpoint.generation == generation }
                case .send, .forget: break
                }
            }
        }

        for _ in 0..<400 {
            let instance = instances.randomElement(using: &random)!
            switch Int.random(in: 0..<12, using: &random) {
            case 0...3:
                lastWaiter += 1
                let deadline = now + .milliseconds(Int64.random(in: 1...3000, using: &random))
                waiting[lastWaiter] = (instance, deadline)
                perform(book.want(instance, by: lastWaiter, deadline: deadline, at: now))
            case 4:
                guard let waiter = waiting.keys.sorted().randomElement(using: &random) else { continue }
                let wish = waiting.removeValue(forKey: waiter)!
                perform(book.giveUp(waiter, wish.instance))
            case 5, 6:
                guard !uses.isEmpty else { continue }
                perform(book.ended(uses.remove(at: Int.random(in: 0..<uses.count, using: &random)), at: now))
            case 7, 8:
                guard isConnected, !tickets.isEmpty else { continue }
                let (ticket, wanted) = tickets.removeFirst()
                if Int.random(in: 0..<4, using: &random) == 0, granted[wanted] == nil {
                    perform(book.received(.refuse(ticket: ticket, Self.fault), at: now))
                } else {
                    if granted[wanted] == nil {
                        lastGeneration += 1
                        granted[wanted] = lastGeneration
                    }
                    perform(book.received(.grant(ticket: ticket, Self.endpoint(granted[wanted]!, wanted)), at: now))
                }
            case 9:
                guard isConnected, let generation = granted[instance] else { continue }
                let fault = Bool.random(using: &random) ? Self.fault : nil
                perform(
                    book.received(
                        .revoke(instance, Generation(generation), grace: .milliseconds(500), fault), at: now))
            case 10:
                isConnected.toggle()
                tickets = []
                if isConnected {
                    let actions = book.connected(at: now)
                    granted = [:]
                    for action in actions {
                        if case .send(.holds(let instance, let generation)) = action {
                            granted[instance] = generation.number
                        }
                    }
                    perform(actions)
                } else {
                    book.disconnected()
                }
            default:
                now = now + .milliseconds(Int64.random(in: 1...800, using: &random))
                perform(book.expire(at: now))
                #expect(waiting.values.allSatisfy { $0.deadline > now })
                #expect(book.nextDeadline ?? .distantFuture > now)
            }
        }
        // The weather calms: all ends, all is given back.
        if !isConnected {
            perform(book.connected(at: now))
        }
        for use in uses { perform(book.ended(use, at: now)) }
        uses = []
        while !tickets.isEmpty {
            let (ticket, wanted) = tickets.removeFirst()
            if granted[wanted] == nil {
                perform(book.received(.refuse(ticket: ticket, Self.fault), at: now))
            } else {
                perform(book.received(.grant(ticket: ticket, Self.endpoint(granted[wanted]!, wanted)), at: now))
            }
        }
        for use in uses { perform(book.ended(use, at: now)) }
        for _ in 0..<10 {
            now = now + .seconds(5)
            perform(book.expire(at: now))
        }
        #expect(waiting.isEmpty)
        #expect(book.count == 0)
    }
}

import Contracts
import Nouns
import Routing
import Testing

struct TokenBookTests {
    static func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
    static func token(_ number: Int) -> OperatorToken {
        let digits = String(number, radix: 16)
        return OperatorToken("bbt_" + String(repeating: "0", count: 40 - digits.count) + digits)!
    }
    static func grant(_ digit: String = "1", lifetime: Duration? = nil) -> TokenGrant {
        TokenGrant(id: TokenID("tok_" + String(repeating: digit, count: 16))!, scope: .all, lifetime: lifetime)
    }

    var book = TokenBook()

    init() { _ = book.received(.welcome(version: 2, isWhole: true), at: Self.at(0)) }

    @Test mutating func `asks once for all who wait, and remembers a valid token for seconds`() {
        let (token, grant) = (Self.token(1), Self.grant())
        #expect(book.look(token, at: Self.at(0)) == .unheardOf)
        #expect(book.want(token, by: 7, at: Self.at(0)) == [.ask(ticket: 1, token)])
        #expect(book.want(token, by: 8, at: Self.at(1)) == [])
        #expect(book.waitingCount == 2)
        #expect(
            book.received(.valid(ticket: 1, grant), at: Self.at(5)) == [.proceed(7, grant), .proceed(8, grant)])
        #expect(book.waitingCount == 0)
        #expect(book.look(token, at: Self.at(5)) == .valid(grant))
        #expect(book.look(token, at: Self.at(10_004)) == .valid(grant))
        #expect(book.look(token, at: Self.at(10_005)) == .unheardOf)
    }

    @Test mutating func `remembers an unknown token shortly`() {
        let token = Self.token(1)
        _ = book.want(token, by: 7, at: Self.at(0))
        #expect(book.received(.unknown(ticket: 1), at: Self.at(0)) == [.refuse(7, .tokenUnknown)])
        #expect(book.look(token, at: Self.at(4_999)) == .unknown)
        #expect(book.look(token, at: Self.at(5_000)) == .unheardOf)
    }

    @Test mutating func `a token is not remembered for longer than it is valid`() {
        _ = book.want(Self.token(1), by: 7, at: Self.at(0))
        _ = book.received(.valid(ticket: 1, Self.grant(lifetime: .seconds(1))), at: Self.at(0))
        #expect(book.look(Self.token(1), at: Self.at(999)) == .valid(Self.grant(lifetime: .seconds(1))))
        #expect(book.look(Self.token(1), at: Self.at(1_000)) == .unheardOf)
    }

    @Test mutating func `a revoked token is forgotten at once, others are not`() {
        for number in 1...2 {
            _ = book.want(Self.token(number), by: 7, at: Self.at(0))
            _ = book.received(.valid(ticket: UInt64(number), Self.grant("\(number)")), at: Self.at(0))
        }
        _ = book.received(.revoked(Self.grant("1").id, table: 9), at: Self.at(1))
        #expect(book.look(Self.token(1), at: Self.at(1)) == .unheardOf)
        #expect(book.look(Self.token(2), at: Self.at(1)) == .valid(Self.grant("2")))
    }

    @Test mutating func `while the platform is away what is remembered holds on and the rest is refused`() {
        _ = book.want(Self.token(1), by: 7, at: Self.at(0))
        _ = book.received(.valid(ticket: 1, Self.grant()), at: Self.at(0))
        _ = book.want(Self.token(2), by: 8, at: Self.at(0))
        #expect(book.disconnected() == [.refuse(8, .tokensUnavailable)])
        #expect(book.look(Self.token(1), at: Self.at(1)) == .valid(Self.grant()))
        #expect(book.want(Self.token(3), by: 9, at: Self.at(1)) == [.refuse(9, .tokensUnavailable)])
        #expect(book.waitingCount == 0)
        // An answer to a question of before counts no more.
        #expect(book.received(.valid(ticket: 2, Self.grant("2")), at: Self.at(1)) == [])
        #expect(book.look(Self.token(2), at: Self.at(1)) == .unheardOf)
    }

    @Test mutating func `a platform that is back may have revoked what was remembered`() {
        _ = book.want(Self.token(1), by: 7, at: Self.at(0))
        _ = book.received(.valid(ticket: 1, Self.grant()), at: Self.at(0))
        _ = book.disconnected()
        _ = book.received(.welcome(version: 2, isWhole: false), at: Self.at(1))
        #expect(book.look(Self.token(1), at: Self.at(1)) == .unheardOf)
    }

    @Test mutating func `nobody waits for longer than the limit, and a late answer is still remembered`() {
        _ = book.want(Self.token(1), by: 7, at: Self.at(0))
        _ = book.want(Self.token(1), by: 8, at: Self.at(10))
        #expect(book.nextDeadline == Self.at(2_000))
        #expect(book.expire(at: Self.at(2_000)) == [.refuse(7, .tokensUnavailable)])
        #expect(book.nextDeadline == Self.at(2_010))
        #expect(book.received(.valid(ticket: 1, Self.grant()), at: Self.at(2_001)) == [.proceed(8, Self.grant())])
        #expect(book.look(Self.token(1), at: Self.at(2_001)) == .valid(Self.grant()))
    }

    @Test mutating func `who gives up is not answered`() {
        _ = book.want(Self.token(1), by: 7, at: Self.at(0))
        book.giveUp(7, Self.token(1))
        #expect(book.waitingCount == 0 && book.nextDeadline == nil)
        #expect(book.received(.valid(ticket: 1, Self.grant()), at: Self.at(0)) == [])
    }

    @Test mutating func `a flood of made-up tokens asks no more than so many questions`() {
        var questions = 0
        for number in 0..<2_000 {
            for action in book.want(Self.token(number), by: UInt64(number), at: Self.at(0)) {
                switch action {
                case .ask: questions += 1
                case .refuse(_, let fault): #expect(fault == .tokensUnavailable)
                case .proceed: Issue.record("nobody said it is valid")
                }
            }
        }
        #expect(questions == KeyChannel.verificationsMax)
        #expect(book.waitingCount <= TokenBook.waitersMax)
    }

    @Test mutating func `unknown tokens do not push valid ones out`() {
        _ = book.want(Self.token(0), by: 1, at: Self.at(0))
        _ = book.received(.valid(ticket: 1, Self.grant()), at: Self.at(0))
        for number in 1...2 * TokenBook.rememberedMax {
            _ = book.want(Self.token(number), by: 1, at: Self.at(0))
            _ = book.received(.unknown(ticket: UInt64(number + 1)), at: Self.at(0))
        }
        #expect(book.look(Self.token(0), at: Self.at(1)) == .valid(Self.grant()))
    }

    @Test func `a token is bbt_ and 40 lower-case hex digits`() {
        let good = "bbt_0123456789abcdef0123456789abcdef01234567"
        let token = OperatorToken(good)
        #expect(token.map { String(decoding: $0.secret, as: UTF8.self) } == good)
        for index in 4..<44 {
            var other = Array(good.utf8)
            other[index] = other[index] == UInt8(ascii: "7") ? UInt8(ascii: "8") : UInt8(ascii: "7")
            #expect(OperatorToken(String(decoding: other, as: UTF8.self)) != token)
        }
        for bad in ["", "bbt_", good + "0", String(good.dropLast()), "bbt_" + good.dropFirst(4).uppercased()] {
            #expect(OperatorToken(bad) == nil, "\(bad)")
        }
        #expect("\(token!)" == "operator token(hidden)")
    }
}

import Contracts
import Nouns

/// Operators' tokens at one loop of a front: who presents one waits until the platform has said what it is worth, and
/// the answer is remembered for a short while.
///
/// Per token: unheard of → asked → remembered, as valid or as unknown, → unheard of. While the platform is away what is
/// remembered holds on; everything else is refused at once.
package struct TokenBook: Sendable {
    /// A request that waits; its number is the front's.
    package typealias Waiter = UInt64

    /// How long a valid token is not asked for again. A revocation is pushed and does not wait for this.
    package static let validFor = Duration.seconds(10)
    /// How long an unknown one is not.
    package static let unknownFor = Duration.seconds(5)
    /// Tokens remembered of either sort.
    package static let rememberedMax = 4_096
    /// Requests that wait for answers.
    package static let waitersMax = 1_024
    /// How long one waits at most.
    package static let waitMax = Duration.seconds(2)

    package enum Finding: Hashable, Sendable {
        case valid(TokenGrant)
        case unknown
        /// `want` is the way.
        case unheardOf
    }

    package enum Action: Hashable, Sendable {
        /// To the platform: `verify` with the token's hash.
        case ask(ticket: UInt64, OperatorToken)
        case proceed(Waiter, TokenGrant)
        case refuse(Waiter, Fault)
    }

    private struct Known: Sendable {
        let grant: TokenGrant
        let until: Instant
    }

    private struct Question: Sendable {
        let token: OperatorToken
        var waiting: [(waiter: Waiter, deadline: Instant)] = []
    }

    private var valid = SecondChance<OperatorToken, Known>(countMax: rememberedMax)
    /// Until when. A flood of made-up tokens pushes out its own kind only.
    private var unknown = SecondChance<OperatorToken, Instant>(countMax: rememberedMax)
    private var questions: [UInt64: Question] = [:]
    private var tickets: [OperatorToken: UInt64] = [:]
    private var lastTicket: UInt64 = 0
    private var waiters = 0
    private var isConnected = false

    package init() {}

    package var waitingCount: Int { waiters }

    /// What is remembered of a token.
    package mutating func look(_ token: OperatorToken, at now: Instant) -> Finding {
        if let known = valid.value(token) {
            if known.until > now { return .valid(known.grant) }
            valid.remove(token)
        } else if let until = unknown.value(token) {
            if until > now { return .unknown }
            unknown.remove(token)
        }
        return .unheardOf
    }

    /// A request waits for what the platform says. Answered once, by `proceed` or `refuse`.
    package mutating func want(_ token: OperatorToken, by waiter: Waiter, at now: Instant) -> [Action] {
        guard isConnected, waiters < Self.waitersMax else { return [.refuse(waiter, .tokensUnavailable)] }
        var actions: [Action] = []
        if tickets[token] == nil {
            guard questions.count < KeyChannel.verificationsMax else { return [.refuse(waiter, .tokensUnavailable)] }
            lastTicket += 1
            tickets[token] = lastTicket
            questions[lastTicket] = Question(token: token)
            actions.append(.ask(ticket: lastTicket, token))
        }
        questions[tickets[token]!]!.waiting.append((waiter, now + Self.waitMax))
        waiters += 1
        return actions
    }

    /// The request does not wait any more. Its question stands: the answer is worth remembering.
    package mutating func giveUp(_ waiter: Waiter, _ token: OperatorToken) {
        guard let ticket = tickets[token] else { return }
        let before = questions[ticket]!.waiting.count
        questions[ticket]!.waiting.removeAll { $0.waiter == waiter }
        waiters -= before - questions[ticket]!.waiting.count
    }

    // MARK: The platform

    package mutating func received(_ message: KeyChannel.FromPlatform, at now: Instant) -> [Action] {
        switch message {
        case .welcome:
            isConnected = true
            valid.removeAll()
            unknown.removeAll()
            return []
        case .valid(let ticket, let grant):
            guard let question = close(ticket) else { return [] }
            let until = now + min(Self.validFor, grant.lifetime ?? Self.validFor)
            unknown.remove(question.token)
            valid.set(question.token, Known(grant: grant, until: until))
            return question.waiting.map { .proceed($0.waiter, grant) }
        case .unknown(let ticket):
            guard let question = close(ticket) else { return [] }
            valid.remove(question.token)
            unknown.set(question.token, now + Self.unknownFor)
            return question.waiting.map { .refuse($0.waiter, .tokenUnknown) }
        case .revoked(let id, _):
            valid.remove { $0.grant.id == id }
            return []
        case .project, .removed, .synced: return []
        }
    }

    /// The platform is away: nobody answers what was asked.
    package mutating func disconnected() -> [Action] {
        isConnected = false
        let asked = questions.keys.sorted()
        return asked.flatMap { close($0)!.waiting.map { Action.refuse($0.waiter, .tokensUnavailable) } }
    }

    private mutating func close(_ ticket: UInt64) -> Question? {
        guard let question = questions.removeValue(forKey: ticket) else { return nil }
        tickets[question.token] = nil
        waiters -= question.waiting.count
        return question
    }

    // MARK: Time

    /// When `expire` has something to do.
    package var nextDeadline: Instant? { questions.values.compactMap { $0.waiting.first?.deadline }.min() }

    /// Refuses those who have waited as long as they may. Their questions stand.
    package mutating func expire(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for ticket in questions.keys.sorted() {
            let due = questions[ticket]!.waiting.prefix { $0.deadline <= now }
            questions[ticket]!.waiting.removeFirst(due.count)
            waiters -= due.count
            actions += due.map { .refuse($0.waiter, .tokensUnavailable) }
        }
        return actions
    }
}

import Nouns
import Routing
import Testing

struct FailureRulesTests {
    @Test func `retries are saved up to a limit, and cost five requests each`() {
        var budget = RetryBudget()
        let burst = (0..<RetryBudget.retriesMax + 10).count { _ in budget.take() }
        #expect(burst == RetryBudget.retriesMax)
        for _ in 0..<9 { budget.earn() }
        let taken = [budget.take(), budget.take()]
        #expect(taken == [true, false])
        budget.earn()
        let again = budget.take()
        #expect(again)
        for _ in 0..<1_000_000 { budget.earn() }
        let saved = (0..<2_000).count { _ in budget.take() }
        #expect(saved == RetryBudget.retriesMax)
    }

    private static func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

    private func check(
        _ outlier: inout Outlier, _ now: Instant, _ wait: Duration?, _ place: SourceLocation = #_sourceLocation
    ) {
        let found = outlier.admit(at: now)
        #expect(found == wait, sourceLocation: place)
    }

    private static func avoided() -> Outlier {
        var outlier = Outlier()
        for _ in 0..<Outlier.timeoutsMax { outlier.timedOut(at: .zero) }
        return outlier
    }

    @Test func `an instance that answers now and then is trusted`() {
        var outlier = Outlier()
        for _ in 0..<5 {
            for _ in 1..<Outlier.timeoutsMax { outlier.timedOut(at: .zero) }
            check(&outlier, .zero, nil)
            outlier.answered()
        }
        check(&outlier, .zero, nil)
    }

    @Test func `one that answers nothing is tried by one request at a time, less and less often`() {
        var outlier = Self.avoided()
        check(&outlier, Self.at(0.25), .milliseconds(750))
        check(&outlier, Self.at(1), nil)
        check(&outlier, Self.at(1.5), .milliseconds(500))
        var now = Self.at(2)
        for pause in [2, 4, 8, 16, 30, 30] {
            outlier.timedOut(at: now)
            check(&outlier, now, .seconds(pause))
            now = now + .seconds(pause)
        }
    }

    @Test func `an answer makes it good at once`() {
        var outlier = Self.avoided()
        check(&outlier, Self.at(1), nil)
        outlier.answered()
        check(&outlier, Self.at(1), nil)
        outlier.timedOut(at: Self.at(2))
        check(&outlier, Self.at(2), nil)
    }
}

import Nouns
import Routing
import Support
import Testing

struct GCRATests {
    static func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: 3_600_000_000_000 + milliseconds * 1_000_000)
    }

    /// How many of a second's worth of attempts, evenly spread, pass.
    static func passed(_ rate: GCRA, attempts: Int, over: Int64) -> Int {
        var (word, count): (Int64, Int) = (0, 0)
        for index in 0..<attempts {
            let moment = at(0) + .nanoseconds(Int64(index) * over * 1_000_000 / Int64(attempts))
            if case .conforming(let next) = rate.admit(word: word, at: moment) {
                (word, count) = (next, count + 1)
            }
        }
        return count
    }

    @Test func `lets the burst through at once and then the rate`() {
        let rate = GCRA(rate: 10, burst: 5)
        var word: Int64 = 0
        for _ in 0..<5 {
            guard case .conforming(let next) = rate.admit(word: word, at: Self.at(0)) else {
                Issue.record("refused within the burst")
                return
            }
            word = next
        }
        #expect(rate.admit(word: word, at: Self.at(0)) == .early(by: .milliseconds(100)))
        #expect(rate.admit(word: word, at: Self.at(99)) == .early(by: .milliseconds(1)))
        guard case .conforming(let next) = rate.admit(word: word, at: Self.at(100)) else {
            Issue.record("refused in time")
            return
        }
        #expect(rate.admit(word: next, at: Self.at(100)) == .early(by: .milliseconds(100)))
    }

    @Test(arguments: [(1, 1), (7, 3), (100, 100), (1_000, 10), (10_000_000, 1)])
    func `passes the rate and once the burst, however much is asked`(rate: Int, burst: Int) {
        let seconds = 3
        let passed = Self.passed(GCRA(rate: rate, burst: burst), attempts: 40_000, over: Int64(seconds) * 1_000)
        #expect(abs(passed - min(40_000, rate * seconds + burst - 1)) <= 1)
    }

    @Test func `what costs more counts for more, and passes only after a pause`() {
        let rate = GCRA(rate: 10, burst: 1)
        guard case .conforming(let word) = rate.admit(30, word: 0, at: Self.at(0)) else {
            Issue.record("refused after a pause")
            return
        }
        #expect(rate.admit(word: word, at: Self.at(2_000)) == .early(by: .seconds(1)))
        #expect(rate.refill(word: word, at: Self.at(0)) == .seconds(3))
    }

    @Test func `says what is left and when all is there again`() {
        let rate = GCRA(rate: 10, burst: 5)
        #expect(rate.remaining(word: 0, at: Self.at(0)) == 5)
        var word: Int64 = 0
        for left in [4, 3, 2, 1, 0] {
            word = rate.charged(1, word: word, at: Self.at(0))
            #expect(rate.remaining(word: word, at: Self.at(0)) == left)
        }
        #expect(rate.refill(word: word, at: Self.at(0)) == .milliseconds(500))
        #expect(rate.remaining(word: word, at: Self.at(250)) == 2)
        #expect(rate.remaining(word: word, at: Self.at(9_999)) == 5)
    }

    @Test func `charges bytes that pass in any case, and says how long to pause`() {
        let rate = GCRA(rate: 1 << 20, burst: 1 << 20)
        let word = rate.charged(3 << 20, word: 0, at: Self.at(0))
        let pause = rate.wait(word: word, at: Self.at(0))
        #expect(pause > .milliseconds(1_990) && pause <= .milliseconds(2_001))
        #expect(rate.wait(word: word, at: Self.at(2_001)) == .zero)
    }

    @Test func `no number is too large`() {
        let rate = GCRA(rate: 1, burst: 10_000_000)
        #expect(rate.charged(.max, word: .max, at: .distantFuture) == .max)
        #expect(rate.wait(word: .max, at: .zero) > .zero)
        #expect(GCRA(rate: 1 << 40, burst: 1 << 40).charged(1 << 40, word: 0, at: .zero) == 1_000_000_000)
    }
}

import ChaosPlan
import Testing

/// The checker objects to histories with planted faults, and to nothing else.
struct HistoryCheckerTests {
    static let key = History.Key(project: "acme", name: "a")

    private func entry(
        _ operation: History.Operation, _ outcome: History.Outcome, _ began: Int, _ ended: Int
    ) -> History.Entry {
        History.Entry(Self.key, operation, outcome, .milliseconds(began), .milliseconds(ended))
    }

    @Test func `accepts a quiet day`() {
        let history = History([
            entry(.read, .absent, 0, 1), entry(.write(1), .acknowledged, 2, 3),
            entry(.read, .found(1, project: "acme"), 4, 5), entry(.write(2), .acknowledged, 6, 7),
            entry(.read, .found(2, project: "acme"), 8, 9),
        ])
        #expect(HistoryChecker.violations(in: history) == [])
    }

    @Test func `accepts either outcome of a write that failed`() {
        let write = [entry(.write(1), .acknowledged, 0, 1), entry(.write(2), .failed("reset"), 2, 3)]
        for number in [1, 2] {
            let history = History(write + [entry(.read, .found(number, project: "acme"), 4, 5)])
            #expect(HistoryChecker.violations(in: history) == [])
        }
    }

    @Test func `accepts a read beside a write that sees the old or the new`() {
        for number in [1, 2] {
            let history = History([
                entry(.write(1), .acknowledged, 0, 1), entry(.write(2), .acknowledged, 2, 6),
                entry(.read, .found(number, project: "acme"), 3, 5),
            ])
            #expect(HistoryChecker.violations(in: history) == [])
        }
    }

    @Test func `rejects a lost write`() {
        let history = History([
            entry(.write(1), .acknowledged, 0, 1), entry(.write(2), .acknowledged, 2, 3),
            entry(.read, .found(1, project: "acme"), 4, 5),
        ])
        #expect(HistoryChecker.violations(in: history) == [.lostWrite(Self.key, acknowledged: 2, found: 1)])
    }

    @Test func `rejects a key that vanished`() {
        let history = History([entry(.write(1), .acknowledged, 0, 1), entry(.read, .absent, 2, 3)])
        #expect(HistoryChecker.violations(in: history) == [.lostWrite(Self.key, acknowledged: 1, found: nil)])
    }

    @Test func `rejects a read that goes back behind an earlier read`() {
        let history = History([
            entry(.write(1), .acknowledged, 0, 1), entry(.write(2), .failed("reset"), 2, 3),
            entry(.read, .found(2, project: "acme"), 4, 5), entry(.read, .found(1, project: "acme"), 6, 7),
        ])
        #expect(HistoryChecker.violations(in: history) == [.wentBack(Self.key, seen: 2, found: 1)])
    }

    @Test func `rejects another project's answer`() {
        let history = History([
            entry(.write(1), .acknowledged, 0, 1), entry(.read, .found(1, project: "other"), 2, 3),
        ])
        #expect(HistoryChecker.violations(in: history) == [.foreign(Self.key, project: "other")])
    }

    @Test func `rejects a number that nobody wrote`() {
        let history = History([
            entry(.write(1), .acknowledged, 0, 1), entry(.read, .found(7, project: "acme"), 2, 3),
        ])
        #expect(HistoryChecker.violations(in: history) == [.invented(Self.key, found: 7)])
    }

    private func added(
        _ number: Int, _ outcome: History.Outcome = .acknowledged, at began: Int
    ) -> History.Entry { entry(.append(number), outcome, began, began + 1) }

    @Test func `rejects an effect that happened twice`() {
        let history = History([
            added(1, at: 0), added(2, .failed("reset"), at: 2), added(3, at: 4),
            entry(.list, .listed([1, 2, 2, 3, 3]), 6, 7),
        ])
        #expect(
            HistoryChecker.violations(in: history) == [
                .duplicated(Self.key, number: 2, times: 2), .duplicated(Self.key, number: 3, times: 2),
            ])
    }

    @Test func `accepts a list in which what failed is there or not`() {
        for listed in [[1, 3], [3, 2, 1]] {
            let history = History([
                added(1, at: 0), added(2, .failed("reset"), at: 2), added(3, at: 4),
                entry(.list, .listed(listed), 6, 7),
            ])
            #expect(HistoryChecker.violations(in: history) == [])
        }
    }

    @Test func `rejects a list without what was acknowledged, or with what nobody added`() {
        let history = History([added(1, at: 0), added(2, at: 2), entry(.list, .listed([1, 9]), 4, 5)])
        #expect(
            HistoryChecker.violations(in: history) == [
                .lostWrite(Self.key, acknowledged: 2, found: nil), .invented(Self.key, found: 9),
            ])
    }

    private func counted(_ outcomes: [History.Outcome]) -> [HistoryChecker.Violation] {
        HistoryChecker.violations(
            in: History(outcomes.enumerated().map { entry(.increment, $1, $0 * 2, $0 * 2 + 1) }))
    }

    @Test func `a counter goes up by one, and by what failed and may have happened`() {
        let lost = History.Outcome.failed("reset")
        func at(_ number: Int) -> History.Outcome { .found(number, project: "acme") }
        #expect(counted([at(1), at(2), lost, at(3)]) == [])
        #expect(counted([at(1), at(2), lost, at(4)]) == [])
        #expect(counted([at(1), at(3)]) == [.duplicated(Self.key, number: 2, times: 2)])
        #expect(counted([at(1), lost, at(4)]) == [.duplicated(Self.key, number: 2, times: 2)])
        #expect(counted([at(1), at(2), at(2)]) == [.lostWrite(Self.key, acknowledged: 2, found: 2)])
    }

    @Test func `judges a long history in time`() {
        // A comparison of each with each would take minutes.
        var entries: [History.Entry] = []
        for number in 1...100_000 {
            entries.append(entry(.write(number), .acknowledged, number * 4, number * 4 + 1))
            entries.append(entry(.read, .found(number, project: "acme"), number * 4 + 2, number * 4 + 3))
        }
        #expect(HistoryChecker.violations(in: History(entries)) == [])
    }
}

import Chaos
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
}

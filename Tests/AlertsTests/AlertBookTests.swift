import Alerting
import Testing

/// Each alert is told when it comes, from time to time while it holds, and when it goes; never more.
struct AlertBookTests {
    private static let minute: Int64 = 60_000
    private static let key = Alert.Key(.backupFailed, "acme")
    private let alert = Alert(key, "The backup failed.")

    /// What is told, as `MOMENT STATE NAME SUBJECT`, moments in minutes; asked also at each deadline until the end.
    private func told(
        _ events: [(minute: Int64, AlertBook.Event)], until end: Int64, _ rules: AlertRules = AlertRules()
    ) -> [String] {
        var book = AlertBook(rules)
        var lines: [String] = []
        func note(_ notices: [AlertNotice]) {
            lines += notices.map { "\($0.at / Self.minute) \($0.state) \($0.alert.key.name) \($0.alert.key.subject)" }
        }
        var now: Int64 = 0
        for (moment, event) in events.map({ ($0.minute * Self.minute, $0.1) }) + [(end * Self.minute, nil)] {
            var rounds = 0
            while let next = book.nextDeadline, next < moment, rounds < 1000 {
                rounds += 1
                now = max(now, next)
                note(book.due(at: now))
            }
            #expect(rounds < 1000, "it wants to be asked without end")
            now = moment
            note(event.map { book.take($0, at: now) } ?? book.due(at: now))
        }
        return lines
    }

    @Test func `one that is raised again and again is told once`() {
        let events = (0..<30).map { (minute: Int64($0), AlertBook.Event.raised(alert)) }
        #expect(told(events, until: 30) == ["0 raised backup.failed acme"])
    }

    @Test func `one that holds is told again after the time to repeat, and when it is over`() {
        #expect(
            told([(0, .raised(alert)), (600, .resolved(Self.key))], until: 700) == [
                "0 raised backup.failed acme", "240 repeated backup.failed acme", "480 repeated backup.failed acme",
                "600 resolved backup.failed acme",
            ])
    }

    @Test func `what was never told is not resolved, and an unknown one neither`() {
        #expect(told([(0, .resolved(Self.key))], until: 10).isEmpty)
    }

    @Test func `what comes and goes is told at most once in the pause`() {
        var rules = AlertRules()
        rules.pause = 10 * Self.minute
        let events = (0..<40).map {
            (minute: Int64($0), $0 % 2 == 0 ? AlertBook.Event.raised(alert) : .resolved(Self.key))
        }
        let lines = told(events, until: 60, rules)
        #expect(lines.first == "0 raised backup.failed acme")
        #expect(lines.last?.contains("resolved") == true)
        #expect(lines.count <= 7, "\(lines)")
        let moments = lines.compactMap { $0.split(separator: " ").first.flatMap { Int64($0) } }
        #expect(zip(moments, moments.dropFirst()).allSatisfy { $1 - $0 >= 10 }, "\(lines)")
    }

    @Test func `two subjects are two alerts`() {
        let other = Alert(Alert.Key(.backupFailed, "globex"), "…")
        #expect(told([(0, .raised(alert)), (1, .raised(other))], until: 2).count == 2)
    }

    @Test func `three crashes within a minute are a loop, until there are none for two`() {
        func crash(_ second: Int64) -> (Int64, AlertBook.Event) {
            (second * 1000, .crashed(instance: "acme/bundoc", reason: "signal 9"))
        }
        var book = AlertBook(AlertRules())
        for (moment, event) in [crash(0), crash(30)] { #expect(book.take(event, at: moment).isEmpty) }
        // The first is too long ago.
        #expect(book.take(crash(70).1, at: 70_000).isEmpty)
        let notices = book.take(crash(80).1, at: 80_000)
        #expect(notices.map(\.alert.key) == [Alert.Key(.crashLoop, "acme/bundoc")])
        #expect(notices.first?.alert.text.contains("signal 9") == true)
        #expect(book.due(at: 199_000).isEmpty)
        #expect(book.nextDeadline == 200_000)
        #expect(book.due(at: 200_000).map(\.state) == [.resolved])
        #expect(book.due(at: 400_000).isEmpty)
        #expect(book.nextDeadline == nil)
    }

    @Test func `quarantine is told by the state of things, also what was missed`() {
        let lines = told(
            [
                (0, .quarantined(["a/bundoc": "crashed too often"])),
                (1, .quarantined(["a/bundoc": "crashed too often"])),
                (5, .quarantined(["b/bundoc": "…"])), (9, .quarantined([:])),
            ], until: 20)
        #expect(
            lines == [
                "0 raised instance.quarantined a/bundoc", "5 resolved instance.quarantined a/bundoc",
                "5 raised instance.quarantined b/bundoc", "9 resolved instance.quarantined b/bundoc",
            ])
    }

    @Test func `a disk is low until there is a quarter more room than that`() {
        func disk(_ free: Int64) -> AlertBook.Event { .disk(path: "/data", free: free, total: 1000) }
        let lines = told([(0, disk(60)), (2, disk(49)), (4, disk(55)), (6, disk(49)), (8, disk(63))], until: 20)
        #expect(lines == ["2 raised disk.low /data", "8 resolved disk.low /data"])
    }

    @Test func `another life goes on where the last one was`() {
        var book = AlertBook(AlertRules())
        #expect(book.take(.raised(alert), at: 0).count == 1)
        var next = AlertBook(AlertRules(), entries: Array(book.entries.values))
        #expect(next.take(.raised(alert), at: Self.minute).isEmpty)
        #expect(next.take(.resolved(Self.key), at: 5 * Self.minute).map(\.state) == [.resolved])
    }

    @Test func `a flood of alerts becomes one word`() {
        var book = AlertBook(AlertRules())
        var told = 0
        for number in 0..<5000 {
            told += book.take(.raised(Alert(Alert.Key("custom", "\(number)"), "…")), at: 0).count
        }
        #expect(told == AlertRules.alertsMax + 1)
        #expect(book.entries.count == AlertRules.alertsMax + 1)
        #expect(book.entries[AlertBook.overflow]?.isRaised == true)
    }
}

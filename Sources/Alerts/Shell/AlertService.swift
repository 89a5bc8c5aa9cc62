import Alerting
import Contracts
import Glibc
import JSON
import Linux
import Nouns
import Service

/// Turns what the supervisor says into alerts, and alerts into notices for their targets.
///
/// A process of its own: what it waits for, the supervisor does not wait for.
final class AlertService {
    private let loop: EventLoop
    private let settings: AlertSettings
    private let memory: AlertMemory
    private var book: AlertBook
    private var routes: [Route] = []
    private var reader: EventReader?
    private var alarm: TimerHeap.ID?
    private var awaySince: Int64?
    /// The last event that may lead to an alert: another life goes on behind it.
    private var heard: UInt64
    /// `heard` as the memory has it.
    private var remembered: UInt64
    /// A supervisor that is away for so long is worth an alert; restarts are shorter.
    private static let awayMax: Int64 = 60_000

    private final class Route {
        let courier: Courier
        let name: String
        var box = Outbox()
        var reported = 0
        init(_ courier: Courier, _ name: String) { (self.courier, self.name) = (courier, name) }
    }

    /// What was told is remembered in `data`.
    init(_ settings: AlertSettings, data: String, on loop: EventLoop) {
        (self.loop, self.settings) = (loop, settings)
        memory = AlertMemory(at: data + "/alerts.json")
        let content = memory.read()
        book = AlertBook(settings.rules, entries: content.entries)
        (heard, remembered) = (content.heard, content.heard)
    }

    func start(control: String?) throws(SystemError) {
        var targets: [any AlertTarget] = []
        if let webhook = settings.webhook {
            let file = settings.authorizationFile
            targets.append(Webhook(address: webhook, authorizationFile: file, timeout: settings.timeout))
        }
        if !settings.command.isEmpty {
            targets.append(AlertCommand(words: settings.command, timeout: settings.timeout))
        }
        for target in targets {
            let index = routes.count
            let courier = try Courier(target, on: loop) { [unowned self] in delivered($0, by: index) }
            routes.append(Route(courier, target.name))
        }
        if let control {
            reader = try EventReader(control, after: heard, on: loop) { [unowned self] news in
                for item in news { take(item) }
            }
        }
        lookAtDisk()
    }

    private var now: Int64 { WallTime.milliseconds }

    // MARK: News

    private func take(_ news: EventReader.News) {
        switch news {
        case .away:
            let since = awaySince ?? now
            awaySince = since
            guard now - since >= Self.awayMax else { return }
            let text = "The supervisor has not answered for \((now - since) / 1000) s; projects that sleep cannot wake."
            take(.raised(Alert(Alert.Key(.unreachable, settings.node), text)))
        case .status(let status):
            awaySince = nil
            take(.resolved(Alert.Key(.unreachable, settings.node)))
            take(.quarantined(Self.quarantined(in: status)))
        case .event(let id, let event): take(event, id)
        }
    }

    private func take(_ event: JSONValue, _ id: UInt64) {
        // Before what follows from it is told: that is written down together.
        if Self.newsworthy.contains(event["message"]?.string ?? "") { heard = id }
        take(event)
        if heard != remembered { remember() }
    }

    /// What raises something, or is counted. What only ends something may come again.
    private static let newsworthy: Set<String> = [
        "alert raised", "alert resolved", "no port free", "instance crashed", "instance quarantined",
    ]

    private static func quarantined(in status: JSONValue) -> [String: String] {
        let rows = (status["instances"]?.array ?? []) + (status["services"]?.array ?? [])
        var found: [String: String] = [:]
        for row in rows where row["observed"]?.string == "quarantined" {
            if let instance = instance(of: row) { found[instance] = row["reason"]?.string ?? "it crashed too often" }
        }
        return found
    }

    private static func instance(of value: JSONValue) -> String? {
        guard let project = value["project"]?.string, let kind = value["kind"]?.string else { return nil }
        return "\(project)/\(kind)"
    }

    private func take(_ event: JSONValue) {
        let message = event["message"]?.string ?? ""
        switch message {
        case "alert raised", "alert resolved":
            guard let name = event["alert"]?.string else { return }
            let key = Alert.Key(name, event["subject"]?.string ?? "")
            let isRaised = message == "alert raised"
            take(isRaised ? .raised(Alert(key, event["text"]?.string ?? name)) : .resolved(key))
        case "no port free":
            take(
                .raised(
                    Alert(
                        Alert.Key(.portsExhausted, settings.node), "All ports of the pool are held by projects in use.")
                ))
        default: if let instance = Self.instance(of: event) { take(message, of: instance, event) }
        }
    }

    private func take(_ message: String, of instance: String, _ event: JSONValue) {
        let key = Alert.Key(.quarantined, instance)
        switch message {
        case "instance crashed":
            take(.crashed(instance: instance, reason: event["reason"]?.string ?? event["exit"]?.string ?? "unknown"))
        case "instance quarantined":
            let reason = event["reason"]?.string ?? "it crashed too often"
            take(.raised(Alert(key, "\(instance) is in quarantine: \(reason).")))
        case "instance serving", "instance cleared", "instance asleep", "instance disabled":
            take(.resolved(key))
            // An instance that got a port says that there was one.
            if message == "instance serving" { take(.resolved(Alert.Key(.portsExhausted, settings.node))) }
        default: break
        }
    }

    private func lookAtDisk() {
        var facts = statvfs()
        if statvfs(settings.home, &facts) == 0 {
            let size = Int64(facts.f_frsize)
            take(.disk(path: settings.home, free: Int64(facts.f_bavail) * size, total: Int64(facts.f_blocks) * size))
        }
        loop.schedule(after: settings.diskInterval) { [unowned self] in lookAtDisk() }
    }

    // MARK: Notices

    private func take(_ event: AlertBook.Event) { send(book.take(event, at: now)) }

    private func send(_ notices: [AlertNotice]) {
        for notice in notices {
            LogLine.write(
                .warning, "alert",
                [
                    ("alert", notice.alert.key.name), ("subject", notice.alert.key.subject),
                    ("state", notice.state.rawValue), ("text", notice.alert.text),
                ])
            for route in routes { route.box.add(notice) }
        }
        if !notices.isEmpty { remember() }
        for route in routes { push(route) }
        rearm()
    }

    private func remember() {
        memory.write(AlertMemory.Content(heard: heard, entries: Array(book.entries.values)))
        remembered = heard
    }

    private func push(_ route: Route) {
        guard let notice = route.box.next(at: now) else { return }
        route.courier.take(notice, as: notice.json(node: settings.node))
    }

    private func delivered(_ delivery: Delivery, by index: Int) {
        let route = routes[index]
        route.box.ended(delivery.outcome, at: now)
        if delivery.outcome != .delivered {
            LogLine.write(.error, "alert not delivered", [("target", route.name), ("reason", delivery.reason)])
        }
        push(route)
        rearm()
    }

    private func rearm() {
        if let alarm { loop.cancel(alarm) }
        alarm = nil
        let deadlines = [book.nextDeadline] + routes.map(\.box.nextDeadline)
        guard let next = deadlines.compactMap(\.self).min() else { return }
        alarm = loop.schedule(after: .milliseconds(max(10, next - now))) { [unowned self] in
            alarm = nil
            send(book.due(at: now))
        }
    }
}

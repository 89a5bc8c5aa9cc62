/// Which alerts hold, and what is told of them when: each once when it comes, again from time to time, once when it
/// goes.
///
/// Takes what happens with its moment (milliseconds since 1970) and gives what is to be told. Says by `nextDeadline`
/// when it wants to be asked though nothing happens.
package struct AlertBook: Hashable, Sendable {
    /// What happens.
    package enum Event: Hashable, Sendable {
        case raised(Alert)
        case resolved(Alert.Key)
        case crashed(instance: String, reason: String)
        /// All instances that are in quarantine: what was missed while nobody listened.
        case quarantined([String: String])
        /// Bytes that are free of all, where the cluster lies.
        case disk(path: String, free: Int64, total: Int64)
    }

    /// An alert that holds, or did until lately.
    package struct Entry: Hashable, Sendable {
        package var alert: Alert
        package var since: Int64
        /// When it was told last; nil: not yet.
        package var told: Int64?
        /// Whether those who were told believe that it holds.
        package var isToldRaised: Bool
        /// Whether it holds.
        package var isRaised: Bool

        package init(_ alert: Alert, since: Int64, told: Int64?, isToldRaised: Bool, isRaised: Bool) {
            (self.alert, self.since, self.told) = (alert, since, told)
            (self.isToldRaised, self.isRaised) = (isToldRaised, isRaised)
        }
    }

    /// The alert that stands for all beyond `AlertRules.alertsMax`.
    package static let overflow = Alert.Key("alerts.too_many", "alerts")

    private var rules: AlertRules
    package private(set) var entries: [Alert.Key: Entry] = [:]
    private var crashes: [String: [Int64]] = [:]

    /// - Parameter entries: those of an earlier life.
    package init(_ rules: AlertRules, entries: [Entry] = []) {
        self.rules = rules
        for entry in entries.prefix(AlertRules.alertsMax) { self.entries[entry.alert.key] = entry }
    }

    package mutating func take(_ event: Event, at now: Int64) -> [AlertNotice] {
        switch event {
        case .raised(let alert): raise(alert, now)
        case .resolved(let key): resolve(key)
        case .crashed(let instance, let reason): crashed(instance, reason, now)
        case .quarantined(let instances): quarantined(instances, now)
        case .disk(let path, let free, let total): disk(path, free, total, now)
        }
        return due(at: now)
    }

    /// What is to be told now.
    package mutating func due(at now: Int64) -> [AlertNotice] {
        endLoops(at: now)
        if entries.count < AlertRules.alertsMax { resolve(Self.overflow) }
        var notices: [AlertNotice] = []
        for key in entries.keys.sorted() {
            if let notice = entries[key]!.tell(rules, at: now) { notices.append(notice) }
            // Kept as long as its last word forbids another.
            let entry = entries[key]!
            if !entry.isRaised, !entry.isToldRaised, now >= (entry.told ?? 0) + rules.pause { entries[key] = nil }
        }
        return notices
    }

    /// When something may be to tell; nil: not before something happens.
    package var nextDeadline: Int64? {
        let alerts = entries.values.compactMap { $0.deadline(rules) }.min()
        let loops = entries.keys.filter { $0.name == Alert.Known.crashLoop.rawValue && entries[$0]!.isRaised }
            .compactMap { crashes[$0.subject]?.last }.min().map { $0 + rules.crashPeriod * 2 }
        return [alerts, loops].compactMap(\.self).min()
    }

    // MARK: What happens

    private mutating func raise(_ alert: Alert, _ now: Int64) {
        let isRoom = entries[alert.key] != nil || entries.count < AlertRules.alertsMax
        let key = isRoom ? alert.key : Self.overflow
        let text =
            key == alert.key
            ? alert.text : "More than \(AlertRules.alertsMax) alerts hold; see the status for the rest."
        if entries[key] == nil {
            entries[key] = Entry(Alert(key, text), since: now, told: nil, isToldRaised: false, isRaised: true)
        } else if !entries[key]!.isRaised {
            entries[key]!.isRaised = true
            entries[key]!.alert.text = text
            if !entries[key]!.isToldRaised { entries[key]!.since = now }
        } else {
            entries[key]!.alert.text = text
        }
    }

    private mutating func resolve(_ key: Alert.Key) { entries[key]?.isRaised = false }

    private mutating func crashed(_ instance: String, _ reason: String, _ now: Int64) {
        var moments = (crashes[instance] ?? []).filter { now - $0 <= rules.crashPeriod }
        moments.append(now)
        crashes[instance] = Array(moments.suffix(rules.crashes))
        guard moments.count >= rules.crashes else { return }
        raise(
            Alert(
                Alert.Key(.crashLoop, instance),
                "\(instance) crashed \(rules.crashes) times within \(rules.crashPeriod / 1000) s, last: \(reason)."),
            now)
    }

    /// A loop is over when for twice its period nothing crashed.
    private mutating func endLoops(at now: Int64) {
        for (instance, moments) in crashes where now - (moments.last ?? 0) >= rules.crashPeriod * 2 {
            crashes[instance] = nil
            resolve(Alert.Key(.crashLoop, instance))
        }
    }

    private mutating func quarantined(_ instances: [String: String], _ now: Int64) {
        let name = Alert.Known.quarantined.rawValue
        for key in entries.keys where key.name == name && instances[key.subject] == nil { resolve(key) }
        for (instance, reason) in instances.sorted(by: { $0.key < $1.key }) {
            raise(Alert(Alert.Key(name, instance), "\(instance) is in quarantine: \(reason)."), now)
        }
    }

    /// Low, until there is a quarter more than that.
    private mutating func disk(_ path: String, _ free: Int64, _ total: Int64, _ now: Int64) {
        guard total > 0 else { return }
        let key = Alert.Key(.diskLow, path)
        let limit = total / 100 * Int64(rules.diskFreeMin)
        if free < limit {
            raise(Alert(key, "\(free >> 20) MiB of \(total >> 20) MiB are free where \(path) lies."), now)
        } else if free >= limit + limit / 4 {
            resolve(key)
        }
    }
}

extension AlertBook.Entry {
    /// The moment of the next word, if nothing changes.
    fileprivate func deadline(_ rules: AlertRules) -> Int64? {
        guard let told else { return isRaised ? 0 : nil }
        if isRaised, isToldRaised { return told + rules.repeatAfter }
        return told + rules.pause
    }

    fileprivate mutating func tell(_ rules: AlertRules, at now: Int64) -> AlertNotice? {
        let state: AlertNotice.State
        switch (isRaised, isToldRaised) {
        case (true, false):
            guard told.map({ now >= $0 + rules.pause }) ?? true else { return nil }
            state = .raised
        case (true, true):
            guard now >= (told ?? 0) + rules.repeatAfter else { return nil }
            state = .repeated
        case (false, true):
            guard now >= (told ?? 0) + rules.pause else { return nil }
            state = .resolved
        case (false, false): return nil
        }
        (told, isToldRaised) = (now, isRaised)
        return AlertNotice(state, alert, since: since, at: now)
    }
}

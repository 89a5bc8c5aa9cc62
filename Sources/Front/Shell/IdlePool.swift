import Nouns

/// Connections to one instance that wait for their next request. The one used last goes first, so that the others
/// grow old and are closed.
package struct IdlePool<Connection> {
    private struct Entry {
        let connection: Connection
        let since: Instant
    }

    private var entries: [Entry] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    package mutating func take() -> Connection? { entries.popLast()?.connection }

    /// Keeps a connection; false when there are `max` already: close it.
    package mutating func put(_ connection: Connection, at now: Instant, max: Int) -> Bool {
        guard entries.count < max else { return false }
        entries.append(Entry(connection: connection, since: now))
        return true
    }

    package mutating func remove(where isGone: (Connection) -> Bool) {
        entries.removeAll { isGone($0.connection) }
    }

    package mutating func removeAll() -> [Connection] {
        defer { entries = [] }
        return entries.map { $0.connection }
    }

    /// Takes those out that have waited for `idle` or longer.
    package mutating func removeExpired(at now: Instant, idle: Duration) -> [Connection] {
        guard let first = entries.first, first.since + idle <= now else { return [] }
        let expired = entries.prefix { $0.since + idle <= now }
        entries.removeFirst(expired.count)
        return expired.map { $0.connection }
    }

    /// When the oldest has waited for `idle`.
    package func nextDeadline(idle: Duration) -> Instant? { entries.first.map { $0.since + idle } }
}

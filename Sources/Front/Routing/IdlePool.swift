import Nouns

/// Connections to one instance that wait for their next request. The one used last goes first, so that the others
/// grow old and are closed.
package struct IdlePool<Connection> {
    @usableFromInline struct Entry {
        @usableFromInline let connection: Connection
        @usableFromInline let since: Instant

        @inlinable init(connection: Connection, since: Instant) {
            (self.connection, self.since) = (connection, since)
        }
    }

    @usableFromInline var entries: [Entry] = []

    @inlinable package init() {}

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    @inlinable @inline(__always) package mutating func take() -> Connection? {
        entries.isEmpty ? nil : entries.removeLast().connection
    }

    /// Keeps a connection; false when there are `max` already: close it.
    @inlinable @inline(__always) package mutating func put(_ connection: Connection, at now: Instant, max: Int) -> Bool
    {
        guard entries.count < max else { return false }
        entries.append(Entry(connection: connection, since: now))
        return true
    }

    package mutating func remove(where isGone: (Connection) -> Bool) {
        entries.removeAll { isGone($0.connection) }
    }

    package mutating func removeAll() -> [Connection] {
        defer { entries = [] }
        return entries.map(\.connection)
    }

    /// Takes those out that have waited for `idle` or longer.
    package mutating func removeExpired(at now: Instant, idle: Duration) -> [Connection] {
        let expired = entries.prefix { $0.since + idle <= now }
        entries.removeFirst(expired.count)
        return expired.map(\.connection)
    }

    /// When the oldest has waited for `idle`.
    package func nextDeadline(idle: Duration) -> Instant? { entries.first.map { $0.since + idle } }
}

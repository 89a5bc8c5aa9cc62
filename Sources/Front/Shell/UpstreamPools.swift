import Contracts
import Glibc
import HTTP
import Linux
import Nouns
import Routing

/// The connections to all instances that wait for their next request, by generation.
struct UpstreamPools {
    /// Those of one generation.
    final class Pool {
        fileprivate var idle = IdlePool<UpstreamConnection>()
        /// The generation is not leased any more.
        fileprivate var isForgotten = false
    }

    private var pools: [Generation: Pool] = [:]

    /// The pool that a connection of the generation waits in.
    mutating func pool(_ generation: Generation) -> Pool {
        if let pool = pools[generation] { return pool }
        let pool = Pool()
        pools[generation] = pool
        return pool
    }

    /// A connection that carried requests before, if one is left that is still good.
    ///
    /// - Parameter isCareful: the request cannot be repeated, so a connection that has just ended must not get it.
    func take(_ use: LeaseBook.Use, isCareful: Bool) -> UpstreamConnection? {
        guard let pool = pool(of: use) else { return nil }
        while let connection = pool.idle.take() {
            if !isCareful || connection.stream.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    /// By the use itself after the first time, so that a request looks nothing up.
    private func pool(of use: LeaseBook.Use) -> Pool? {
        if let known = use.connections.map({ unsafeDowncast($0, to: Pool.self) }), !known.isForgotten { return known }
        let pool = pools[use.generation]
        use.connections = pool
        return pool
    }

    /// Keeps a connection for the next request, or closes it.
    func put(_ connection: UpstreamConnection, at now: Instant, max: Int) {
        let isKept = !connection.pool.isForgotten && connection.pool.idle.put(connection, at: now, max: max)
        if !isKept { connection.close() }
    }

    /// Closes a connection that may be waiting here.
    func drop(_ connection: UpstreamConnection) {
        connection.close()
        connection.pool.idle.remove { $0 === connection }
    }

    mutating func forget(_ generation: Generation) {
        guard let pool = pools.removeValue(forKey: generation) else { return }
        pool.isForgotten = true
        for connection in pool.idle.removeAll() { connection.close() }
    }

    mutating func forgetAll() {
        for generation in Array(pools.keys) { forget(generation) }
    }

    func expire(at now: Instant, idle limit: Duration) {
        for pool in pools.values {
            for connection in pool.idle.removeExpired(at: now, idle: limit) { connection.close() }
        }
    }

    func nextDeadline(idle limit: Duration) -> Instant? {
        var next: Instant?
        for pool in pools.values {
            if let moment = pool.idle.nextDeadline(idle: limit) { next = min(next ?? .distantFuture, moment) }
        }
        return next
    }

    var count: Int { pools.values.reduce(0) { $0 + $1.idle.count } }
}
